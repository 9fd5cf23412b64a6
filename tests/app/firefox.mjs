// Draws on the page in Firefox, driven by puppeteer-core over WebDriver BiDi, and prints as JSON
// what it answers. Arguments: Firefox' path, the page's address, strokes as JSON: for each drawing
// a list of strokes, each a list of [x, y], shares of the pad's side.
import puppeteer from "puppeteer-core";

const [executablePath, address, drawings] = process.argv.slice(2);
const browser = await puppeteer.launch({ browser: "firefox", executablePath });
const page = await browser.newPage();
await page.setViewport({ width: 1280, height: 900 });
const errors = [], asked = [], answers = [];
page.on("pageerror", (error) => errors.push(String(error)));
page.on("request", (request) => asked.push(request.url()));
await page.goto(address);
const pad = await page.waitForSelector(".digitlib-canvas");
for (const strokes of JSON.parse(drawings)) {
  const box = await pad.boundingBox();
  for (const points of strokes) {
    const place = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
    const [first, ...others] = points.map(place);
    await page.mouse.move(...first);
    await page.mouse.down();
    for (const other of others) await page.mouse.move(...other, { steps: 4 });
    await page.mouse.up();
  }
  const said = (state) => document.querySelector(".digitlib-status").textContent !== state;
  await page.waitForFunction(said, {}, "");
  await new Promise((done) => setTimeout(done, 500)); // the last stroke's answer may still come
  answers.push(await page.$eval(".digitlib-text", (text) => text.textContent));
  await page.click(".digitlib-clear");
  await page.waitForFunction(() => document.querySelector(".digitlib-status").textContent === "");
}
const version = await browser.version();
await browser.close();
console.log(JSON.stringify({ version, answers, errors, asked }));
