// The past of a text, by the route of a person: a moment just before much was removed, what changed and by whom, one paragraph brought back,
// the slider. Run by edit.mjs in its house.
import { axeFindings } from './browser.mjs';
import { holds, same, until } from './check.mjs';
import { open, person, saved, selectAll, words, write } from './pads.mjs';

const shots = process.env.HAMEAU_SHOTS;
const picture = async (page, name) => { if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: false }); };

async function openPast(page, english = false) {
  await page.getByRole('button', { name: 'Menu', exact: true }).click();
  await page.getByRole('menuitem', { name: english ? 'Going back' : 'Revenir en arrière' }).click();
  const dialog = page.getByRole('dialog', { name: english ? 'Going back' : 'Revenir en arrière' });
  await dialog.locator('.past[data-at]:not([data-at=""])').waitFor();
  return dialog;
}

/** What stands in the frame, without the page's own words. */
const past = (dialog) => dialog.locator('.past').evaluate((dom) => {
  const copy = dom.cloneNode(true);
  for (const one of copy.querySelectorAll('.spoken, [data-aside]')) one.remove();
  return [...copy.querySelectorAll('p, h2')].map((one) => one.innerHTML.replace(/<(\/?)(ins|del)[^>]*>/g, '<$1$2>').replace(/<\/?span[^>]*>/g, '')).join('|');
});

export async function pastChecks(check, { browser, house, marie, fresh }) {
  const { page } = marie;

  await check('the past: a moment stands just before somebody empties the text, within the same minute, and one paragraph of it comes back alone', async () => {
    const pad = await fresh({ title: 'Histoire longue' });
    await page.keyboard.type('Le premier paragraphe parle de la salle des fêtes.\nLe deuxième compte les chaises et les tables.\nLe troisième remercie tout le monde.');
    await saved(page);
    const yann = await person(browser, house, 'member');
    await open(yann, pad);
    await until(async () => (await words(yann.page)).includes('remercie'), 'his page');
    await selectAll(yann.page);
    await yann.page.keyboard.press('Delete');
    await yann.page.keyboard.type('Autre chose');
    await saved(yann.page);
    await yann.context.close();
    const dialog = await openPast(page);
    const moments = dialog.locator('.day[open] .moments button');
    same(await moments.count(), 2, 'moments');
    const slider = dialog.getByRole('slider');
    same(await slider.inputValue(), await slider.getAttribute('max'), 'the slider stands at the end');
    const before = moments.nth(1);
    holds(/^Avant le (retrait|remplacement) de 23 mots, /.test(await before.locator('strong').innerText()), `named ${await before.innerText()}`);
    holds((await before.innerText()).includes(`par ${yann.name}`), 'by whom');
    const shown = await past(dialog);
    for (const part of ['<del>Le premier paragraphe parle de la salle des fêtes.</del>', '<del>Le troisième remercie tout le monde.</del>', '<ins>Autre chose</ins>']) holds(shown.includes(part), `${part} in ${shown}`);
    const said = await dialog.locator('.changes').innerText();
    holds(said.includes(`${yann.name} a retiré 23 mots`) && said.includes(`${yann.name} a ajouté 2 mots`), `in words: ${said}`);
    await picture(page, 'past-changes');
    same(await axeFindings(page), [], 'findings');
    await before.click();
    await until(async () => (await past(dialog)).includes('<ins>Le deuxième compte'), 'the text of before');
    await dialog.getByRole('button', { name: /^Ramener seulement ce paragraphe : Le deuxième/ }).click();
    await until(async () => (await dialog.locator('p[role=status]').innerText()) === 'Le paragraphe est revenu. Le reste n’a pas changé.', 'said').catch(async (late) => { throw new Error(`${late.message}: ${await dialog.innerText()}`); });
    await dialog.getByRole('button', { name: 'Fermer' }).click();
    await until(async () => (await words(page)).includes('deuxième'), 'in the text');
    const now = await words(page);
    holds(now.includes('Autre chose') && !now.includes('premier') && !now.includes('troisième'), `the rest stays: ${now}`);
  });

  await check('the past: the slider goes through the whole life by keys and by itself, in the colours of the authors', async () => {
    await fresh({ title: 'Film' });
    for (let i = 0; i < 12; i += 1) {
      await page.keyboard.type(`mot${i} `);
      await page.waitForTimeout(70);
    }
    await saved(page);
    const dialog = await openPast(page);
    const slider = dialog.getByRole('slider', { name: 'Toute la vie du texte' });
    await slider.focus();
    await page.keyboard.press('Home');
    const { seen: first } = await until(async () => { const seen = await past(dialog); return seen.length < 30 && { seen }; }, 'the beginning');
    for (let i = 0; i < 4; i += 1) await page.keyboard.press('ArrowRight');
    await until(async () => (await past(dialog)).length > first.length, 'a step on');
    holds((await slider.getAttribute('aria-valuetext')).includes(marie.name), 'who wrote there');
    holds(await dialog.locator('.past .written-by').count() > 0, 'colours');
    await picture(page, 'past-slider');
    await dialog.getByRole('button', { name: 'Lire comme un film' }).click();
    await until(async () => (await past(dialog)).includes('mot11') && (await dialog.getByRole('button', { name: 'Lire comme un film' }).count()) === 1, 'the end of the film', 30_000);
    await dialog.getByRole('checkbox', { name: 'Couleurs des auteurs' }).uncheck();
    await until(async () => await dialog.locator('.past .written-by').count() === 0, 'no colours');
    await dialog.getByRole('button', { name: 'Fermer' }).click();
  });

  await check('the past: on a small dark screen in English', async () => {
    const pad = await fresh({ title: 'Small' });
    await write(page, `${'word '.repeat(40)}\nanother line`);
    await saved(page);
    await selectAll(page);
    await page.keyboard.press('Delete');
    await saved(page);
    const small = await person(browser, house, 'manager', { language: 'en', width: 320, dark: true });
    await open(small, pad);
    const dialog = await openPast(small.page, true);
    await dialog.locator('.moments button').nth(1).click();
    await until(async () => (await past(dialog)).includes('another line'), 'the text of before');
    holds(/^Before 42 words were removed, /.test(await dialog.locator('.moments button strong').nth(1).innerText()), 'its name');
    const wide = await small.page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, Math.max(...[...document.querySelectorAll('dialog')].map((one) => one.scrollWidth - one.clientWidth))]);
    same(wide, [0, 0], 'nothing is cut');
    same(await axeFindings(small.page), [], 'findings');
    await picture(small.page, 'past-320');
    await dialog.locator('.history-preview').scrollIntoViewIfNeeded();
    await small.page.locator('dialog').evaluate((one) => { one.scrollTop = one.scrollHeight; });
    await picture(small.page, 'past-320-end');
    await small.context.close();
  });
}
