// The page in a real browser: a held statement is looked at and answered.
//
//   CHROMIUM=/usr/bin/chromium node approvals.mjs PAGE_URL ACCOUNT approve|deny|look|lured TICKET [SCREENSHOT_FOLDER]
//
// Signs in through the identity provider that the page sends to, opens the request, and prints one line of JSON: what
// was shown. It types nothing that a person could not. `lured` goes on, still signed in, to pages of somebody else that
// send the approval in this person's name.
import { createServer } from 'node:http';
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

// Somebody else's site, under a name that is another site to a browser (localhost) and under one that is the same site
// and another origin (the page's own host, another port). It knows everything about the request but the secret of the
// person's own forms.
async function lure(page, fields) {
  const target = `${page_url}/approvals/${ticket}/answer`;
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`).join('');
  const pages = {
    '/form': `<form method="post" action="${target}">${inputs}</form><script>document.forms[0].submit()</script>`,
    '/plain': `<form method="post" enctype="text/plain" action="${target}">${inputs}</form><script>document.forms[0].submit()</script>`,
    '/fetch': `<script>fetch('${target}', { method: 'POST', mode: 'no-cors', credentials: 'include',
      body: new URLSearchParams(${JSON.stringify(fields)}) }).finally(() => { document.title = 'sent' })</script>`,
    '/image': `<img src="${target}?${new URLSearchParams(fields)}" onerror="document.title = 'sent'">`,
  };
  const site = createServer((asked, answer) => answer.setHeader('content-type', 'text/html').end(pages[asked.url] ?? ''));
  await new Promise((ready) => site.listen(0, '127.0.0.1', ready));
  const told = [];
  for (const host of ['localhost', new URL(page_url).hostname]) {
    for (const path of Object.keys(pages)) {
      const sent = page.waitForRequest((one) => one.url().startsWith(target));
      // A form that sends itself interrupts the way to its page.
      await page.goto(`http://${host}:${site.address().port}${path}`, { waitUntil: 'commit' }).catch(() => {});
      const request = await sent;
      const [answer, headers] = [await request.response(), await request.allHeaders()];
      told.push({ host, path, status: answer?.status() ?? 0, cookie: 'cookie' in headers });
    }
  }
  site.close();
  return told;
}
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
  if (act === 'lured') {
    const value = (name) => page.locator(`form.answer input[name=${name}]`).first().getAttribute('value');
    said.lured = await lure(page, { answer: 'approve', binding: await value('binding'), csrf: '0'.repeat(64), comment: '' });
    await page.goto(`${page_url}/approvals/${ticket}`);
    said.state = (await page.locator('h1 .chip').textContent()).trim();
    said.complaints = [];
  }
  if (act === 'approve' || act === 'deny') {
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
