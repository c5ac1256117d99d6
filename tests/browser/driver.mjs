// Drives Debian's Chromium for a test: one order a line on stdin, as JSON, one answer a line on stdout. What the page
// says on its console and every request that it makes is remembered.
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
const pages = [];

async function open({ url, width = 1400, height = 1000, scheme = 'light' }) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const page = await context.newPage();
  const seen = { page, complaints: [], requests: [] };
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) seen.complaints.push(message.text());
  });
  page.on('pageerror', (error) => seen.complaints.push(String(error)));
  page.on('request', (request) => seen.requests.push(request.url()));
  await page.goto(url);
  return pages.push(seen) - 1;
}

// A page that is being left takes its scripts along: then the next one is asked.
async function evaluated(page, script) {
  try {
    return await page.evaluate(script);
  } catch (error) {
    if (!String(error).includes('context was destroyed')) throw error;
    await page.waitForLoadState();
    return page.evaluate(script);
  }
}

const orders = {
  open,
  eval: ({ page, script }) => evaluated(pages[page].page, script),
  click: ({ page, selector }) => pages[page].page.click(selector, { timeout: 10_000 }),
  fill: ({ page, selector, text }) => pages[page].page.fill(selector, text, { timeout: 10_000 }),
  screenshot: ({ page, path, full = true }) => pages[page].page.screenshot({ path, fullPage: full }).then(() => path),
  complaints: ({ page }) => pages[page].complaints,
  requests: ({ page }) => pages[page].requests,
  close: ({ page }) => pages[page].page.context().close(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { order, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await orders[order](given)) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
