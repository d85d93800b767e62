import java.sql.*;
import java.util.*;

/** What pgjdbc sees, a line each; run directly and through the gateway. java -cp postgresql.jar Suite.java */
public class Suite {
    static void note(String name, Object value) {
        System.out.println(name + " " + value);
    }

    static String rows(ResultSet result) throws SQLException {
        var columns = result.getMetaData();
        var lines = new ArrayList<String>();
        while (result.next()) {
            var line = new ArrayList<String>();
            for (int i = 1; i <= columns.getColumnCount(); i++) {
                line.add(columns.getColumnName(i) + ":" + columns.getColumnTypeName(i) + "=" + result.getString(i));
            }
            lines.add(line.toString());
        }
        return lines.toString();
    }

    interface Act {
        void run() throws SQLException;
    }

    static void failing(String name, Act act) {
        try {
            act.run();
            note(name, "no error");
        } catch (SQLException error) {
            note(name, error.getSQLState() + " " + error.getMessage().lines().findFirst().orElse(""));
        }
    }

    public static void main(String[] arguments) throws Exception {
        var properties = new Properties();
        properties.setProperty("user", System.getenv("PGUSER"));
        properties.setProperty("password", System.getenv("PGPASSWORD"));
        for (var mode : List.of("simple", "extended", "extendedForPrepared", "extendedCacheEverything")) {
            properties.setProperty("preferQueryMode", mode);
            try (var connection = DriverManager.getConnection(System.getenv("JDBC_URL"), properties)) {
                suite(mode, connection);
            }
        }
    }

    static void suite(String mode, Connection connection) throws SQLException {
        try (var statement = connection.createStatement()) {
            note(mode + " simple", rows(statement.executeQuery("SELECT 1 AS one, 'x'::text AS x, NULL::int AS n, 1.50::numeric AS m, date '2026-01-01' AS d")));
            statement.execute("CREATE TEMP TABLE t (id int PRIMARY KEY, name text, at timestamptz)");
        }
        try (var insert = connection.prepareStatement("INSERT INTO t VALUES (?, ?, '2026-01-01T00:00:00Z')")) {
            for (int i = 0; i < 200; i++) {
                insert.setInt(1, i);
                insert.setString(2, "name " + i);
                insert.addBatch();
            }
            note(mode + " batch", Arrays.stream(insert.executeBatch()).sum());
        }
        // Past the threshold at which pgjdbc prepares on the server and switches to binary.
        try (var select = connection.prepareStatement("SELECT id, name, id::float8 AS f, id::numeric AS n FROM t WHERE id = ?")) {
            for (int i = 0; i < 12; i++) {
                select.setInt(1, i);
                note(mode + " select " + i, rows(select.executeQuery()));
            }
        }
        connection.setAutoCommit(false);
        try (var paged = connection.prepareStatement("SELECT id FROM t ORDER BY id")) {
            paged.setFetchSize(30);
            var result = paged.executeQuery();
            long sum = 0;
            while (result.next()) {
                sum += result.getInt(1);
            }
            note(mode + " paged", sum);
        }
        failing(mode + " division", () -> connection.createStatement().executeQuery("SELECT 1/0"));
        failing(mode + " aborted", () -> connection.createStatement().executeQuery("SELECT 1"));
        connection.rollback();
        connection.setAutoCommit(true);
        var copies = ((org.postgresql.PGConnection) connection.unwrap(org.postgresql.PGConnection.class)).getCopyAPI();
        try {
            note(mode + " copy in", copies.copyIn("COPY t (id, name) FROM STDIN", new java.io.StringReader("900\tcopied\n901\t\\N\n")));
            var out = new java.io.StringWriter();
            note(mode + " copy out", copies.copyOut("COPY (SELECT id, name FROM t WHERE id >= 899 ORDER BY id) TO STDOUT", out) + " " + out.toString().replace('\n', '|'));
        } catch (java.io.IOException error) {
            throw new SQLException(error);
        }
        var tables = connection.getMetaData().getTables(null, "public", "%", new String[] {"TABLE", "VIEW"});
        note(mode + " tables", rows(tables));
        note(mode + " columns", rows(connection.getMetaData().getColumns(null, "public", "orders", "%")));
        note(mode + " keys", rows(connection.getMetaData().getImportedKeys(null, "public", "order_items")));
    }
}
