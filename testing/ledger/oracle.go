// An oracle for the ledger that shares no code with it: golang.org/x/mod/sumdb's tlog and note, as Debian packages them.
//
//	oracle audit URL VKEY [TOKEN]      reads the whole log over HTTP and proves every entry in the checkpoint
//	oracle prove OLD URL VKEY          proves that the saved checkpoint OLD is a beginning of the log
//	oracle witness ADDRESS VKEY SEED   a witness for one log: prints its vkey and serves add-checkpoint
//
// URL may also be file:FOLDER. Nothing but loopback is ever spoken to.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) < 4 {
		die("usage: oracle audit|prove|witness …")
	}
	switch os.Args[1] {
	case "audit":
		token := ""
		if len(os.Args) > 4 {
			token = os.Args[4]
		}
		audit(source{os.Args[2], token}, os.Args[3])
	case "prove":
		prove(os.Args[2], source{os.Args[3], ""}, os.Args[4])
	case "witness":
		witness(os.Args[2], os.Args[3], os.Args[4])
	default:
		die("unknown command")
	}
}

func die(words ...any) {
	fmt.Fprintln(os.Stderr, words...)
	os.Exit(1)
}

func check(err error, doing string) {
	if err != nil {
		die(doing+":", err)
	}
}

// A log in a folder or behind a URL.
type source struct{ place, token string }

func (s source) read(name string) ([]byte, error) {
	if folder := strings.TrimPrefix(s.place, "file:"); folder != s.place {
		return os.ReadFile(filepath.Join(folder, name))
	}
	request, err := http.NewRequest("GET", s.place+"/"+name, nil)
	if err != nil {
		return nil, err
	}
	if s.token != "" {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s", name, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// sumdb's tiles carry their height in the path; C2SP's are all of height 8 and do not.
func path(t tlog.Tile) string { return strings.Replace(t.Path(), "tile/8/", "tile/", 1) }

func (s source) Height() int { return 8 }

func (s source) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := s.read(path(tile))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (s source) SaveTiles([]tlog.Tile, [][]byte) {}

type checkpoint struct {
	origin string
	tree   tlog.Tree
}

func parse(text string) (c checkpoint, err error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 {
		return c, fmt.Errorf("not a checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return c, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return c, fmt.Errorf("bad root")
	}
	c.origin, c.tree.N = lines[0], size
	copy(c.tree.Hash[:], root)
	return c, nil
}

func open(data []byte, vkey string) (checkpoint, *note.Note) {
	verifier, err := note.NewVerifier(vkey)
	check(err, "the key")
	signed, err := note.Open(data, note.VerifierList(verifier))
	check(err, "the checkpoint's signature")
	c, err := parse(signed.Text)
	check(err, "the checkpoint")
	if c.origin != verifier.Name() {
		die("the origin is not the key's name")
	}
	return c, signed
}

func audit(s source, vkey string) {
	data, err := s.read("checkpoint")
	check(err, "checkpoint")
	c, _ := open(data, vkey)
	// Every hash that is read is proved against the tree's root by the reader itself.
	reader := tlog.TileHashReader(c.tree, s)
	var seals int
	for first := int64(0); first < c.tree.N; first += 256 {
		width := c.tree.N - first
		if width > 256 {
			width = 256
		}
		tile := tlog.Tile{H: 8, L: -1, N: first / 256, W: int(width)}
		bundle, err := s.read(strings.Replace(path(tile), "tile/data/", "tile/entries/", 1))
		check(err, "entries")
		var indexes []int64
		for n := first; n < first+width; n++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, n))
		}
		hashes, err := reader.ReadHashes(indexes)
		check(err, "hashes")
		for n := range hashes {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				die("the bundle ends early")
			}
			length := 2 + int(binary.BigEndian.Uint16(bundle))
			entry := bundle[2:length]
			bundle = bundle[length:]
			if tlog.RecordHash(entry) != hashes[n] {
				die("entry", first+int64(n), "is not in the tree")
			}
			if bytes.HasPrefix(entry, []byte("pcl1 seal ")) {
				seals++
			}
		}
		if len(bundle) != 0 {
			die("the bundle goes on")
		}
	}
	// And one inclusion proof by the book, of the middle entry.
	middle := c.tree.N / 2
	proof, err := tlog.ProveRecord(c.tree.N, middle, reader)
	check(err, "prove")
	leaf, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, middle)})
	check(err, "leaf")
	check(tlog.CheckRecord(proof, c.tree.N, c.tree.Hash, middle, leaf[0]), "inclusion")
	fmt.Printf("%s: %d entries, %d seals\n", c.origin, c.tree.N, seals)
}

func prove(saved string, s source, vkey string) {
	data, err := os.ReadFile(saved)
	check(err, "saved")
	old, _ := open(data, vkey)
	data, err = s.read("checkpoint")
	check(err, "checkpoint")
	now, _ := open(data, vkey)
	proof, err := tlog.ProveTree(now.tree.N, old.tree.N, tlog.TileHashReader(now.tree, s))
	check(err, "prove")
	check(tlog.CheckTree(proof, now.tree.N, now.tree.Hash, old.tree.N, old.tree.Hash), "consistency")
	fmt.Printf("%d is the beginning of %d\n", old.tree.N, now.tree.N)
}

// C2SP tlog-witness for one log, in memory.
func witness(address, vkey, seed string) {
	sum := sha256.Sum256([]byte(seed))
	key := ed25519.NewKeyFromSeed(sum[:])
	name := "witness.example/" + seed
	public := append([]byte{4}, key.Public().(ed25519.PublicKey)...)
	id := sha256.Sum256(append([]byte(name+"\n"), public...))
	var lock sync.Mutex
	var last tlog.Tree
	http.HandleFunc("/add-checkpoint", func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		defer lock.Unlock()
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		head, rest, found := strings.Cut(string(body), "\n\n")
		lines := strings.Split(head, "\n")
		old, errOld := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
		if r.Method != "POST" || err != nil || errOld != nil || !found || len(lines) > 64 {
			http.Error(w, "malformed", 400)
			return
		}
		verifier, err := note.NewVerifier(vkey)
		check(err, "the key")
		signed, err := note.Open([]byte(rest), note.VerifierList(verifier))
		if err != nil {
			http.Error(w, err.Error(), 403)
			return
		}
		c, err := parse(signed.Text)
		switch {
		case err != nil || old > c.tree.N:
			http.Error(w, "malformed", 400)
			return
		case c.origin != verifier.Name():
			http.Error(w, "unknown", 404)
			return
		case old != last.N:
			w.Header().Set("Content-Type", "text/x.tlog.size")
			w.WriteHeader(409)
			fmt.Fprintf(w, "%d\n", last.N)
			return
		}
		var proof tlog.TreeProof
		for _, line := range lines[1:] {
			hash, err := tlog.ParseHash(line)
			if err != nil {
				http.Error(w, "malformed", 400)
				return
			}
			proof = append(proof, hash)
		}
		switch {
		case old == 0:
			if len(proof) > 0 {
				err = fmt.Errorf("a proof from nothing")
			}
		case old == c.tree.N:
			if len(proof) > 0 || c.tree.Hash != last.Hash {
				err = fmt.Errorf("not the same tree")
			}
		default:
			err = tlog.CheckTree(proof, c.tree.N, c.tree.Hash, last.N, last.Hash)
		}
		if err != nil {
			http.Error(w, err.Error(), 422)
			return
		}
		last = c.tree
		now := uint64(time.Now().Unix())
		message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", now, signed.Text)
		line := append(append([]byte{}, id[:4]...), binary.BigEndian.AppendUint64(nil, now)...)
		line = append(line, ed25519.Sign(key, []byte(message))...)
		fmt.Fprintf(w, "— %s %s\n", name, base64.StdEncoding.EncodeToString(line))
	})
	listener, err := net.Listen("tcp", address)
	check(err, "listen")
	fmt.Printf("%s+%x+%s\n", name, id[:4], base64.StdEncoding.EncodeToString(public))
	fmt.Printf("http://%s\n", listener.Addr())
	check(http.Serve(listener, nil), "serve")
}
