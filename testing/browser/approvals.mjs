// The page in a real browser: a held statement is looked at and answered.
//
//   CHROMIUM=/usr/bin/chromium node approvals.mjs PAGE_URL ACCOUNT approve|deny|look TICKET [SCREENSHOT_FOLDER]
//
// Signs in through the identity provider that the page sends to, opens the request, and prints one line of JSON: what
// was shown. It types nothing that a person could not.
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(new URL('../clients/node/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const [page_url, account, act, ticket, pictures] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), 'portcullis-browser-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM,
  headless: true,
  viewport: { width: 1200, height: 900 },
  // The tests' provider signs in whom this names; the gateway must not care.
  extraHTTPHeaders: { 'x-test-account': account },
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const said = { account, complaints: [] };
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  page.on('console', (line) => { if (line.type() === 'error' && line.location().url.startsWith(page_url)) said.complaints.push(line.text()); });
  page.on('pageerror', (error) => said.complaints.push(String(error)));
  page.on('response', (answer) => { if (answer.status() >= 500) said.complaints.push(`${answer.status()} ${answer.url()}`); });

  await page.goto(page_url);
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.waitForLoadState();
  // The demo's provider asks who it is.
  const person = page.locator(`button[name=login][value="${account}"]`);
  if (await person.count()) await person.click();
  await page.waitForURL((url) => url.origin === new URL(page_url).origin);
  said.cookies = (await browser.cookies()).filter((one) => one.name.includes('portcullis'))
    .map(({ name, httpOnly, sameSite, secure }) => ({ name, httpOnly, sameSite, secure }));
  said.signed_in = (await page.locator('header .who span').textContent()).trim();

  const answer = await page.goto(`${page_url}/approvals/${ticket}`);
  said.status = answer.status();
  said.scripts = await page.locator('script').count();
  said.wider_than_screen = [];
  const widths = async (name) => {
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 0) said.wider_than_screen.push(`${name}: ${over}px`);
  };
  const looks = [['light', 'light', 1200], ['dark', 'dark', 1200], ['narrow', 'light', 360], ['narrow-dark', 'dark', 360]];
  for (const [name, scheme, width] of looks) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    await widths(name);
    if (pictures) await page.screenshot({ path: join(pictures, `${act}-${name}.png`), fullPage: true });
  }
  await page.setViewportSize({ width: 1200, height: 900 });
  if (said.status === 200) {
    said.statement = (await page.locator('pre.code').first().innerText()).trim();
    said.may_answer = (await page.locator('form.answer').count()) === 1;
  }
  if (act !== 'look') {
    await page.locator('#comment').fill('looked at in a browser');
    await page.getByRole('button', { name: act === 'approve' ? 'Approve' : 'Deny', exact: true }).click();
    await page.waitForLoadState();
    said.state = (await page.locator('h1 .chip').textContent()).trim();
  }
  if (pictures) {
    for (const place of ['approvals?all=true', 'sessions']) {
      await page.goto(`${page_url}/${place}`);
      await page.screenshot({ path: join(pictures, `${act}-${place.slice(0, 8)}.png`), fullPage: true });
    }
    const first = page.locator('a.row, td a, a[href^="/sessions/"]').first();
    if (await first.count()) {
      await first.click();
      await page.waitForLoadState();
      await page.screenshot({ path: join(pictures, `${act}-replay.png`), fullPage: true });
    }
  }
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForLoadState();
  const after = await page.goto(`${page_url}/approvals/${ticket}`);
  said.after_sign_out = { url: after.url().replace(page_url, ''), shows: (await page.content()).includes('form class="card answer"') };
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
console.log(JSON.stringify(said));
