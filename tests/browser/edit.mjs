// One person and the text: Markdown signs, lists, tasks, tables, links, images, pasting, finding, outline, who wrote what.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as Y from '../../web-ui/node_modules/yjs/dist/yjs.mjs';
import { axeFindings, startBrowser } from './browser.mjs';
import { holds, same, suite, until } from './check.mjs';
import { startHouse } from './house.mjs';
import { pastChecks } from './past.mjs';
import { api, html, inText, linkKey, newPad, open, paste, person, png, saved, selectAll, text, words, write } from './pads.mjs';

const { check, report } = suite();
const house = await startHouse({ base: Number(process.env.HAMEAU_PORTS ?? 26100) });
const browser = await startBrowser();
const tool = (page, name) => page.getByRole('toolbar', { name: 'Mise en forme' }).getByRole('button', { name, exact: true });
const picture = png(120, 60).toString('base64');

try {
  const marie = await person(browser, house, 'manager');
  const { page } = marie;
  const fresh = async (fields) => {
    const pad = await newPad(marie, fields);
    await open(marie, pad);
    await text(page).click();
    return pad;
  };

  await check('Markdown signs become headings, lists, tasks, quotes, rules, marks; Backspace takes it back', async () => {
    await fresh();
    await page.keyboard.type('# Titre\nUn **mot gras**, un *penché*, un ~~barré~~, un ==marqué== et `code`.\n- un\ndeux\n\n1. premier\nsecond\n\n[ ] à faire\n[x] ');
    const seen = await html(page);
    holds(seen.includes('<h2 data-level="1">Titre</h2>'), 'heading');
    for (const mark of ['<strong>mot gras</strong>', '<em>penché</em>', '<s>barré</s>', '<mark>marqué</mark>', '<code>code</code>']) holds(seen.includes(mark), `${mark} in ${seen}`);
    holds(/<ul><li><p>un<\/p><\/li><li><p>deux<\/p><\/li><\/ul>/.test(seen), 'list');
    holds(/<ol><li><p>premier<\/p><\/li><li><p>second<\/p><\/li><\/ol>/.test(seen), 'numbers');
    holds(/<li data-type="taskItem" data-checked="false"><div><p>à faire<\/p>/.test(seen), `tasks in ${seen}`);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.keyboard.type('> citation');
    holds((await html(page)).includes('<blockquote><p>citation</p></blockquote>'), 'quote');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.keyboard.type('---');
    holds((await html(page)).includes('<hr>'), 'rule');
    await page.keyboard.type('**x**');
    await page.keyboard.press('Backspace');
    holds((await words(page)).endsWith('**x**'), 'signs are back');
  });

  await check('tasks: boxes with names, ticked by mouse and by Ctrl+Enter', async () => {
    await fresh();
    await page.keyboard.type('[ ] Réserver la salle\nAcheter le cidre');
    const box = page.getByRole('checkbox', { name: 'Acheter le cidre' });
    await box.check();
    holds(/data-checked="true"><div><p>Acheter le cidre/.test(await html(page)), 'ticked');
    await page.keyboard.press('Control+Enter');
    same(await box.isChecked(), false, 'unticked by keys');
    await saved(page);
    await page.reload();
    await text(page).waitFor();
    same(await page.getByRole('checkbox').count(), 2, 'boxes after loading anew');
  });

  await check('tables: insert, move by Tab, rows, columns, header row, remove', async () => {
    await fresh();
    await tool(page, 'Tableau').click();
    await page.keyboard.type('Nom');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Téléphone');
    same(await text(page).locator('tr').count(), 3, 'rows');
    same(await text(page).locator('th').count(), 3, 'header cells');
    const bar = page.getByRole('toolbar', { name: 'Tableau' });
    await bar.getByRole('button', { name: 'Ligne en dessous' }).click();
    same(await text(page).locator('tr').count(), 4, 'rows');
    await bar.getByRole('button', { name: 'Colonne à droite' }).click();
    same(await text(page).locator('tr').first().locator('th').count(), 4, 'columns');
    await bar.getByRole('button', { name: 'Retirer la colonne' }).click();
    await bar.getByRole('button', { name: 'Ligne de titres' }).click();
    same(await text(page).locator('th').count(), 0, 'no header');
    await bar.getByRole('button', { name: 'Ligne de titres' }).click();
    same(await text(page).locator('th').count(), 3, 'header again');
    for (let i = 0; i < 12; i += 1) await page.keyboard.press('Tab');
    same(await text(page).locator('tr').count(), 5, 'Tab at the end adds a row');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    same(await text(page).evaluate((dom) => dom.contains(document.activeElement)), false, 'Escape, Tab leaves the table');
    await text(page).locator('td').first().click();
    await bar.getByRole('button', { name: 'Retirer le tableau' }).click();
    same(await text(page).locator('table').count(), 0, 'tables');
  });

  await check('tables: a cell is merged with the one beside it or below it, words and all, and split again', async () => {
    await fresh();
    await tool(page, 'Tableau').click();
    await page.keyboard.type('Nom');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Téléphone');
    await page.keyboard.press('Shift+Tab');
    const bar = page.getByRole('toolbar', { name: 'Tableau' });
    const button = (name) => bar.getByRole('button', { name });
    same(await button('Séparer la cellule').isDisabled(), true, 'nothing to split');
    await button('Fusionner à droite').click();
    same(await text(page).locator('th').count(), 2, 'header cells');
    same(await text(page).locator('th').first().getAttribute('colspan'), '2', 'columns of it');
    same((await text(page).locator('th').first().innerText()).split(/\n+/), ['Nom', 'Téléphone'], 'words');
    await page.keyboard.type(' fixe');
    same((await text(page).locator('th').first().innerText()).split(/\n+/), ['Nom', 'Téléphone fixe'], 'typing replaces nothing');
    await page.keyboard.press('Tab');
    await button('Fusionner en dessous').click();
    same(await text(page).locator('th').nth(1).getAttribute('rowspan'), '2', 'rows of it');
    same(await button('Fusionner à droite').isDisabled(), true, 'the last column has nothing on its right');
    await button('Séparer la cellule').click();
    same(await text(page).locator('[rowspan]').count(), 0, 'split');
    same(await text(page).locator('th').first().innerText().then((all) => all.includes('Téléphone fixe')), true, 'the words stay');
    // (The header cell that nobody filled in yet is the writer's.)
    holds((await axeFindings(page)).every((one) => one.startsWith('empty-table-header')), 'axe');
  });

  await check('links: made from an address, shown, changed, removed; a bad one is refused', async () => {
    await fresh();
    await page.keyboard.type('la mairie');
    await selectAll(page);
    await page.keyboard.press('Control+k');
    await page.getByLabel('Adresse').fill('javascript:alert(1)');
    await page.getByRole('button', { name: 'Enregistrer' }).click();
    await page.getByText('Ce n’est pas une adresse.').waitFor();
    await page.getByLabel('Adresse').fill('mairie.example');
    await page.keyboard.press('Enter');
    await until(async () => (await text(page).locator('a').getAttribute('href').catch(() => '')) === 'https://mairie.example', 'link');
    await inText(page);
    // The arrows work after the dialog.
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('toolbar', { name: 'Lien' }).getByRole('button', { name: 'Retirer le lien' }).click();
    same(await text(page).locator('a').count(), 0, 'links');
    await selectAll(page);
    await paste(page, { 'text/plain': 'https://exemple.org/x', 'text/html': '<a href="https://exemple.org/x">https://exemple.org/x</a>' });
    same(await text(page).locator('a').innerText(), 'la mairie', 'an address pasted over words makes a link');
  });

  await check('images: by the button and by pasting, described, resized; errors are sentences', async () => {
    const pad = await fresh();
    await page.keyboard.type('Avant');
    await page.locator('input[type=file]').setInputFiles({ name: 'photo.png', mimeType: 'image/png', buffer: Buffer.from(picture, 'base64') });
    const image = text(page).locator('figure img');
    await image.waitFor();
    await until(() => image.evaluate((one) => one.complete && one.naturalWidth === 120), 'it is shown');
    await image.click();
    const bar = page.getByRole('toolbar', { name: 'Image' });
    await bar.getByLabel('Ce que l’on voit').fill('La salle des fêtes');
    await bar.getByLabel('Ce que l’on voit').press('Enter');
    await until(async () => (await image.getAttribute('alt')) === 'La salle des fêtes', 'described');
    await image.click();
    await bar.getByRole('button', { name: 'Moyenne' }).click();
    await until(async () => (await image.evaluate((one) => one.getBoundingClientRect().width)) > 200, 'resized by a button');
    const box = await page.locator('.image-handle').boundingBox();
    const before = (await image.boundingBox()).width;
    await page.mouse.move(box.x + 8, box.y + 8);
    await page.mouse.down();
    await page.mouse.move(box.x - 92, box.y + 8, { steps: 4 });
    await page.mouse.up();
    holds(Math.abs((await image.boundingBox()).width - (before - 100)) < 12, 'resized by dragging');
    await write(page, 'Après ');
    await text(page).evaluate((dom, data) => {
      const carried = new DataTransfer();
      carried.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], 'colle.png', { type: 'image/png' }));
      dom.dispatchEvent(new ClipboardEvent('paste', { clipboardData: carried, bubbles: true, cancelable: true }));
    }, picture);
    await until(async () => (await image.count()) === 2, 'pasted');
    await saved(page);
    await page.locator('input[type=file]').setInputFiles({ name: 'faux.png', mimeType: 'image/png', buffer: Buffer.from('not an image') });
    await page.getByText('Ce fichier n’est pas une image lisible ici.').waitFor();
    await page.getByRole('button', { name: 'Fermer' }).click();
    // An animation is sent as it is: the house refuses one that is too heavy, in its own words.
    await page.locator('input[type=file]').evaluate((input) => {
      const carried = new DataTransfer();
      carried.items.add(new File(['GIF89a', new Uint8Array(21 << 20)], 'anime.gif', { type: 'image/gif' }));
      input.files = carried.files;
      input.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await page.locator('.notice.serious').waitFor();
    holds(/plus de|limite|lourd/.test(await page.locator('.notice.serious').innerText()), await page.locator('.notice.serious').innerText());
    same(await image.count(), 2, 'images after two refusals');
    const visitor = await person(browser, house, null);
    await api(page, 'PATCH', `/api/v1/pads/${pad.id}`, { access: { members: 'write', link: 'read' } });
    await open(visitor, pad, { key: await linkKey(page, pad) });
    await until(() => visitor.page.locator('#text figure img').first().evaluate((one) => one.complete && one.naturalWidth === 120), 'a guest sees it');
    await visitor.context.close();
  });

  await check('an image asks what it shows, and stops nobody: answered, mere decoration, or later', async () => {
    const pad = await fresh();
    const bar = page.getByRole('form', { name: 'Décrire l’image' });
    const add = async (name) => {
      const before = await text(page).locator('figure').count();
      await page.locator('input[type=file]').setInputFiles({ name, mimeType: 'image/png', buffer: png(60 + before, 40) });
      await until(async () => (await text(page).locator('figure').count()) === before + 1, 'it is in the text');
      await bar.waitFor();
    };
    await page.keyboard.type('Avant.');
    await add('a.png');
    await page.keyboard.type('Sans attendre.');
    holds((await words(page)).includes('Sans attendre.'), 'writing goes on');
    await bar.getByLabel('Que montre cette image ?').fill('La mairie sous la neige');
    await bar.getByRole('button', { name: 'Enregistrer' }).click();
    await until(async () => (await text(page).locator('figure img').first().getAttribute('alt')) === 'La mairie sous la neige', 'described');
    same(await bar.count(), 0, 'questions');
    await page.locator('#text.ProseMirror-focused').waitFor();
    await add('b.png');
    await bar.getByRole('button', { name: 'Décoration' }).click();
    const second = text(page).locator('figure img:not([alt^="La mairie"])').first();
    await until(async () => (await second.getAttribute('alt')) === '' && (await second.getAttribute('aria-label')) === null, 'decoration has no name');
    await add('c.png');
    await bar.getByLabel('Que montre cette image ?').press('Escape');
    await until(async () => (await bar.count()) === 0, 'later');
    same(await text(page).getByRole('img', { name: 'Image sans description' }).count(), 1, 'one is not described');
    await saved(page);
    const { document: kept } = await (await page.request.get(`${house.url}api/v1/pads/${pad.id}/export?format=html`)).text().then((seen) => ({ document: seen }));
    holds(kept.includes('alt="La mairie sous la neige"') && kept.includes('alt=""'), 'the export knows both');
  });

  await check('columns: wider and narrower by keyboard and by mouse, kept in the text', async () => {
    const pad = await fresh();
    await tool(page, 'Tableau').click();
    await page.keyboard.type('Nom');
    const bar = page.getByRole('toolbar', { name: 'Tableau' });
    const width = async (n) => (await text(page).locator('tr').first().locator('th').nth(n).boundingBox()).width;
    const first = await width(0);
    await bar.getByRole('button', { name: 'Plus large' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await until(async () => (await width(0)) > first + 60, 'wider');
    same(await bar.getByRole('button', { name: 'Plus large' }).evaluate((one) => one === document.activeElement), true, 'the focus stays');
    await bar.getByRole('button', { name: 'Plus étroite' }).click();
    const [a, b] = [await width(0), await width(1)];
    const edge = await text(page).locator('th').nth(1).boundingBox();
    await page.mouse.move(edge.x + edge.width - 2, edge.y + 10);
    await text(page).locator('.column-resize-handle').first().waitFor();
    await page.mouse.down();
    await page.mouse.move(edge.x + edge.width - 62, edge.y + 10, { steps: 5 });
    await page.mouse.up();
    await until(async () => (await width(1)) < b - 30, 'narrower by the mouse');
    await saved(page);
    const yann = await person(browser, house, 'member');
    await open(yann, pad);
    const his = async (n) => (await text(yann.page).locator('th').nth(n).boundingBox()).width;
    await until(async () => Math.abs((await his(0)) - (await width(0))) < 4 && Math.abs((await his(1)) - (await width(1))) < 4, 'others see the same widths');
    holds(a > first, 'one step back is still wider');
    await yann.context.close();
    await bar.getByRole('button', { name: 'Largeurs égales' }).click();
    await until(async () => Math.abs((await width(0)) - (await width(2))) < 3, 'equal again');
    same((await api(page, 'GET', `/api/v1/pads/${pad.id}`)).status, 200, 'the house');
  });

  await check('pasting from Word: headings, lists, tables and formats stay, everything else goes', async () => {
    await fresh();
    await paste(page, { 'text/html': readFileSync(new URL('paste/word.html', import.meta.url), 'utf8'), 'text/plain': 'x' });
    const seen = await html(page);
    holds(seen.includes('<h2 data-level="1">Assemblée générale</h2>'), `title: ${seen}`);
    holds(seen.includes('<strong>important</strong>') && seen.includes('<em>penché</em>') && seen.includes('<u>souligné</u>'), `formats: ${seen}`);
    holds(/<ul><li><p>Premier point<\/p><ul><li><p>Sous-point<\/p><\/li><\/ul><\/li><li><p>Second point<\/p><\/li><\/ul>/.test(seen), `lists: ${seen}`);
    holds(/<ol><li><p>Un<\/p><\/li><li><p>Deux<\/p><\/li><\/ol>/.test(seen), `numbers: ${seen}`);
    same(await text(page).locator('td').allInnerTexts(), ['Nom', 'Yann'], 'table');
    holds(!/mso|style=|<o:p|font-family|StartFragment|supportLists/i.test(seen) && !(await words(page)).includes('·'), `rests of Word: ${seen}`);
    await page.getByText('1 image venue d’ailleurs n’a pas été collée.').waitFor();
  });

  await check('pasting from LibreOffice and from a page: clean, nothing is fetched, no script', async () => {
    await fresh();
    await paste(page, { 'text/html': readFileSync(new URL('paste/libreoffice.html', import.meta.url), 'utf8'), 'text/plain': 'x' });
    let seen = await html(page);
    holds(seen.includes('<h3 data-level="2">Bilan</h3>') && seen.includes('<strong>gras</strong>'), seen);
    await page.keyboard.press('Control+End');
    await paste(page, { 'text/html': '<div onclick="x()"><script>window.bad=1</script><b style="font-weight:normal"><p style="position:fixed">Texte <a href="javascript:bad()">piège</a> <a href="https://exemple.org">lien</a></p><img src="https://espion.example/p.gif" width="1" height="1"><ul><li><input type="checkbox" checked>Fait</li><li><input type="checkbox">Pas fait</li></ul></b></div>', 'text/plain': 'x' });
    seen = await html(page);
    holds(!/javascript:|onclick|position|espion|script/.test(seen), seen);
    holds(seen.includes('piège') && seen.includes('href="https://exemple.org"'), seen);
    holds(/data-checked="true"><div><p>Fait<\/p>/.test(seen) && /data-checked="false"><div><p>Pas fait<\/p>/.test(seen), `tasks: ${seen}`);
    same(await page.evaluate(() => window.bad), undefined, 'script');
  });

  await check('find and replace: accents do not count unless asked; all at once; undo brings it back', async () => {
    await fresh();
    await page.keyboard.type('La réunion. Une Reunion, deux réunions.');
    await page.keyboard.press('Control+f');
    const bar = page.getByRole('search', { name: 'Chercher et remplacer' });
    await bar.getByLabel('Chercher', { exact: true }).fill('reunion');
    await bar.getByText('1 sur 3').waitFor();
    same(await text(page).locator('.match').count(), 3, 'matches');
    await bar.getByRole('button', { name: 'Suivant' }).click();
    await bar.getByText('2 sur 3').waitFor();
    await bar.getByLabel('Accents et capitales exacts').check();
    await bar.getByText('Rien de tel').waitFor();
    await bar.getByLabel('Chercher', { exact: true }).fill('réunion');
    await bar.getByText('sur 2').waitFor();
    await bar.getByLabel('Remplacer par').fill('fête');
    await bar.getByRole('button', { name: 'Tout remplacer' }).click();
    await bar.getByText('2 endroits remplacés').waitFor();
    same(await words(page), 'La fête. Une Reunion, deux fêtes.', 'text');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+z');
    same(await words(page), 'La réunion. Une Reunion, deux réunions.', 'undone');
  });

  await check('styles, outline, counting', async () => {
    await fresh();
    await page.keyboard.type('Ordre du jour');
    await page.getByRole('button', { name: /^Style :/ }).click();
    await page.getByRole('menuitemradio', { name: 'Titre 2' }).click();
    holds((await html(page)).includes('<h3 data-level="2">Ordre du jour</h3>'), 'heading');
    await page.keyboard.press('Control+End');
    await page.keyboard.press('Enter');
    await page.keyboard.type("L'assemblée s'ouvre à 18 h 30.");
    await page.getByRole('button', { name: 'Menu', exact: true }).click();
    await page.getByRole('menuitemcheckbox', { name: 'Plan du texte' }).click();
    const outline = page.getByRole('navigation', { name: 'Plan du texte' });
    await outline.getByRole('button', { name: 'Ordre du jour' }).click();
    await page.keyboard.press('Home');
    await page.keyboard.type('1 ');
    holds((await words(page)).startsWith('1 Ordre du jour'), 'the cursor goes to the heading');
    await outline.getByRole('button', { name: '1 Ordre du jour' }).waitFor();
    await until(async () => /^10 mots$/.test(await page.locator('.pad-foot p').innerText()), 'words');
    await page.getByRole('button', { name: 'Menu', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Compter les mots' }).click();
    await page.getByText('Temps de lecture').waitFor();
    await page.keyboard.press('Escape');
  });

  await check('who wrote what: colours on demand, with names', async () => {
    const pad = await fresh();
    const yann = await person(browser, house, 'member');
    await open(yann, pad);
    await page.keyboard.type('De Marie. ');
    await until(async () => (await words(yann.page)).includes('De Marie'), 'arrives');
    await write(yann.page, 'De Yann.');
    await saved(yann.page);
    await yann.context.close();
    await until(async () => (await words(page)).includes('De Yann.'), 'arrives');
    await page.getByRole('button', { name: 'Menu', exact: true }).click();
    await page.getByRole('menuitemcheckbox', { name: 'Qui a écrit quoi' }).click();
    await until(async () => (await text(page).locator('.written-by').count()) >= 2, 'runs');
    const runs = await text(page).locator('.written-by').evaluateAll((all) => all.map((one) => [one.textContent, one.title, /author-\d/.exec(one.className)[0]]));
    same(runs.find((one) => one[0].includes('De Yann'))?.[1], yann.name, 'he wrote it, and is gone');
    same(runs.find((one) => one[0].includes('De Marie'))?.[1], marie.name, 'she wrote it');
    holds(new Set(runs.map((one) => one[2])).size === 2, 'two colours');
  });

  await check('downloads in four formats, and the printed page', async () => {
    await fresh({ title: 'Compte rendu', template: 'minutes' });
    await write(page, 'Fin de séance.');
    await saved(page);
    await page.getByRole('button', { name: 'Menu', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Télécharger ou imprimer' }).click();
    for (const [name, ending, sign] of [['Document (ODT)', 'odt', 'PK'], ['Document Word (DOCX)', 'docx', 'PK'], ['Page web (HTML)', 'html', '<'], ['Markdown', 'md', '#'], ['Texte simple', 'txt', '']]) {
      const coming = page.waitForEvent('download');
      await page.getByRole('button', { name, exact: true }).click();
      const download = await coming;
      const content = readFileSync(await download.path(), 'latin1');
      holds(download.suggestedFilename().endsWith(`.${ending}`) && content.startsWith(sign) && content.length > 50, `${name}: ${download.suggestedFilename()}`);
      await page.getByRole('button', { name, exact: true }).waitFor();
    }
    await page.keyboard.press('Escape');
    await page.emulateMedia({ media: 'print' });
    for (const gone of ['.toolbar', '.saving', '.head-verbs', '.pad-foot']) same(await page.locator(gone).isVisible(), false, `${gone} on paper`);
    same(await page.locator('.pad-title h1').isVisible(), true, 'the title on paper');
    holds((await page.pdf({ format: 'A4' })).length > 4_000, 'a PDF');
    await page.emulateMedia({ media: 'screen' });
  });

  await check('cut and pasted again, a text keeps what it says and how it looks', async () => {
    const source = '<h2 style="text-align:center">Titre</h2><ol type="a" start="2"><li>b</li></ol><pre><code class="language-sh">ls</code></pre>'
      + '<p><a href="/x" title="Ailleurs">lien</a> <span style="color:#c00;font-size:14pt">rouge</span> <mark style="background-color:#a0ffa0">vert</mark> <span data-type="mention" data-id="m1">@Marie</span></p>'
      + `<img src="data:image/png;base64,${picture}"><p>suite</p><img src="data:image/png;base64,${picture}" alt="" title="t">`
      + '<table><colgroup><col width="90"><col width="200"></colgroup><tr><th>a</th><th>b</th></tr><tr><td colspan="2">c</td></tr></table><p>fin</p>';
    const made = await page.evaluate(async (body) => (await fetch(`/api/v1/associations/amis/pads/import?format=html&slug=coupe-${Date.now()}`, { method: 'POST', body })).json(), source);
    const exported = () => page.evaluate(async (id) => (await fetch(`/api/v1/pads/${id}/export?format=html`)).text(), made.id);
    const before = await exported();
    for (const sign of ['type="a"', 'language-sh', 'title="Ailleurs"', '14pt', '#a0ffa0', 'data-id="m1"', 'alt="" title="t"', 'data-colwidth="90,200"']) holds(before.includes(sign), `${sign} in ${before}`);
    await open(marie, made);
    await until(async () => (await text(page).locator('td').count()) === 1, 'the text');
    await selectAll(page);
    const carried = await text(page).evaluate((dom) => {
      const data = new DataTransfer();
      dom.dispatchEvent(new ClipboardEvent('cut', { clipboardData: data, bubbles: true, cancelable: true }));
      return { 'text/html': data.getData('text/html'), 'text/plain': data.getData('text/plain') };
    });
    await until(async () => (await text(page).locator('td').count()) === 0, 'cut');
    await paste(page, carried);
    await until(async () => (await text(page).locator('td').count()) === 1, 'pasted');
    await saved(page);
    const main = (page) => page.slice(page.indexOf('<main>'));
    await until(async () => main(await exported()) === main(before), 'the same again');
  });

  await check('paper: a table\'s head stands on each of its pages, in the editor and in the page that it exports', async () => {
    const rows = Array.from({ length: 70 }, (_, i) => `<tr><td>Poste ${i}</td><td>${i} €</td></tr>`).join('');
    const made = await page.evaluate(async (body) => {
      const path = `/api/v1/associations/amis/pads/import?format=html&slug=papier-${Date.now()}&title=Papier`;
      return (await fetch(path, { method: 'POST', body })).json();
    }, `<table><tr><th>Intitulé</th><th>Somme</th></tr>${rows}</table>`);
    const pages = async (what) => {
      const said = spawnSync('pdftotext', ['-', '-'], { input: await what.pdf({ preferCSSPageSize: true }), encoding: 'utf8' }).stdout.split('\f').filter((one) => one.trim());
      return said.map((one) => (one.match(/Intitulé/g) ?? []).length);
    };
    await open(marie, made);
    await until(async () => (await text(page).locator('tr').count()) === 71, 'the table');
    await page.emulateMedia({ media: null });
    const editor = await pages(page);
    holds(editor.length >= 2 && editor.every((heads) => heads === 1), `heads in the editor's pages: ${editor}`);
    const exported = await page.evaluate(async (id) => (await fetch(`/api/v1/pads/${id}/export?format=html`)).text(), made.id);
    const sheet = await page.context().newPage();
    await sheet.setContent(exported);
    const alone = await pages(sheet);
    await sheet.close();
    holds(alone.length >= 2 && alone.every((heads) => heads === 1), `heads in the page's pages: ${alone}`);
  });

  await check('going back: the text of a moment is shown, made so again, and that can be taken back too', async () => {
    const pad = await fresh({ title: 'Histoire' });
    const asked = `/api/v1/pads/${pad.id}/history`;
    await page.keyboard.type('# Première idée');
    await saved(page);
    const list = await until(async () => {
      const answer = await page.evaluate(async (where) => (await fetch(where)).json(), asked);
      return answer.items?.length > 0 && answer.items;
    }, 'moments');
    holds(list[0].authors.includes(marie.name), 'who wrote');
    await page.getByRole('button', { name: 'Menu', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Revenir en arrière' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revenir en arrière' });
    await dialog.locator('.moments button').first().click();
    await until(async () => (await dialog.locator('.past h2').innerText().catch(() => '')).includes('Première idée'), 'the text as it was');
    same(await axeFindings(page), [], 'findings');
    await dialog.getByRole('button', { name: 'Revenir à ce texte' }).click();
    await until(async () => /Le texte est (revenu|déjà)/.test(await page.locator('p[role=status][aria-live]').textContent()), 'said');
    await saved(page);
    holds((await words(page)).includes('Première idée'), 'the text');
    const yann = await person(browser, house, 'member');
    await open(yann, pad);
    await until(async () => (await words(yann.page)).includes('Première idée'), 'for everybody');
    await yann.context.close();
  });

  await pastChecks(check, { browser, house, marie, fresh });

  await check('typing stays quick in a text of 200 pages', async () => {
    await fresh();
    const sentence = 'Le conseil remercie les bénévoles qui ont tenu la buvette, monté le barnum et rangé la salle. ';
    await paste(page, { 'text/html': Array.from({ length: 2_000 }, (_, i) => (i % 20 === 0 ? `<h2>Partie ${i / 20}</h2>` : `<p>${i} ${sentence.repeat(3)}</p>`)).join(''), 'text/plain': 'x' });
    await saved(page);
    await page.waitForTimeout(1_500);
    await page.keyboard.press('Control+Home');
    for (let i = 0; i < 40; i += 1) await page.keyboard.press('ArrowDown');
    await page.evaluate(() => {
      window.times = [];
      let begin = 0;
      document.addEventListener('keydown', () => { begin = performance.now(); }, { capture: true });
      new MutationObserver(() => {
        if (begin === 0) return;
        const mine = begin;
        begin = 0;
        requestAnimationFrame(() => setTimeout(() => window.times.push(performance.now() - mine), 0));
      }).observe(document.getElementById('text'), { subtree: true, childList: true, characterData: true });
    });
    await page.keyboard.type('Une phrase entière écrite au milieu.', { delay: 60 });
    const times = (await page.evaluate(() => window.times)).sort((a, b) => a - b);
    const [p50, p95] = [0.5, 0.95].map((part) => Math.round(times[Math.floor((times.length - 1) * part)]));
    holds(times.length >= 30 && p95 < 1_500, `p50 ${p50} ms, p95 ${p95} ms of ${times.length} keys`);
    await saved(page);
    return `${Math.round((await words(page)).split(/\s+/).length / 1000)} thousand words, key to picture p50 ${p50} ms, p95 ${p95} ms`;
  }, { most_ms: 120_000 });

  await check('values that no editor writes reach no page: spans, widths, levels, addresses, a table with too many places', async () => {
    const pad = await newPad(marie);
    const element = (name, attributes, ...inside) => {
      const made = new Y.XmlElement(name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      made.insert(0, inside);
      return made;
    };
    const line = (words, marks) => {
      const made = new Y.XmlText();
      made.insert(0, words, marks);
      return made;
    };
    const cell = (attributes = {}) => element('tableCell', attributes, element('paragraph', {}, line('x')));
    const doc = new Y.Doc();
    doc.getXmlFragment('default').insert(0, [
      element('heading', { level: 1e9, textAlign: { a: 1 } }, line('Titre')),
      element('table', {}, element('tableRow', {}, cell({ colspan: 1e9, rowspan: 1e9, colwidth: [1e9] }), cell({ colspan: -1, rowspan: 'many', colwidth: 'wide' }))),
      element('table', {}, element('tableRow', {}, ...Array.from({ length: 300 }, () => cell())), ...Array.from({ length: 300 }, () => element('tableRow', {}, cell()))),
      element('image', { src: 'javascript:alert(1)', alt: { a: 1 }, width: 1e9, height: -5 }),
      element('orderedList', { start: 1e300, type: '<b>' }, element('listItem', {}, element('paragraph', { textAlign: 'expression(1)' }, line('un')))),
      element('paragraph', {}, line('un lien', { link: { href: 'javascript:alert(1)', title: { a: 1 } } })),
      element('paragraph', {}, line('la fin')),
    ]);
    const update = [...Y.encodeStateAsUpdate(doc)];
    await page.evaluate(([id, bytes]) => new Promise((done, failed) => {
      const socket = new WebSocket(`wss://${location.host}/api/v1/pads/ws/${id}`);
      const size = [];
      for (let left = bytes.length; ; left >>>= 7) {
        size.push((left & 127) | (left > 127 ? 128 : 0));
        if (left <= 127) break;
      }
      socket.onerror = failed;
      socket.onopen = () => {
        socket.send(new Uint8Array([0, 2, ...size, ...bytes]));
        setTimeout(() => { socket.close(); done(); }, 500);
      };
    }), [pad.id, update]);
    await open(marie, pad);
    await until(async () => (await words(page)).includes('la fin'), 'the text is shown');
    const seen = await text(page).evaluate((dom) => ({
      spans: [...dom.querySelectorAll('[colspan], [rowspan]')].filter((one) => one.colSpan > 100 || one.rowSpan > 100).length,
      addresses: [...dom.querySelectorAll('a[href], img[src]')].filter((one) => /javascript/.test(one.outerHTML)).length,
      columns: Math.max(...[...dom.querySelectorAll('colgroup')].map((one) => one.childElementCount)),
      levels: [...dom.querySelectorAll('h2, h3, h4, h5, h6, h7')].map((one) => one.dataset.level),
      wide: [...dom.querySelectorAll('img')].filter((one) => one.width > 10_000).length,
      starts: [...dom.querySelectorAll('ol')].map((one) => one.start),
      cells: dom.querySelectorAll('td').length,
    }));
    same([seen.spans, seen.addresses, seen.wide, seen.levels.join(), seen.starts.join()], [0, 0, 0, '1', '1'], 'values');
    holds(seen.columns <= 1000, `${seen.columns} columns`);
    await page.getByText('la fin').click();
    await page.keyboard.press('End');
    await page.keyboard.type(' écrite');
    await until(async () => (await words(page)).includes('la fin écrite'), 'the page goes on');
    await saved(page);
    same(await text(page).evaluate((dom) => dom.querySelectorAll('td').length), seen.cells, 'nobody fills the table up');
  });

  await check('no page complained and nothing outside was called', async () => {
    same(marie.complaints.filter((line) => !/status of 4\d\d|WebSocket/.test(line)), [], 'complaints');
    same(marie.wire.outside, [], 'calls outside');
  });
} finally {
  await browser.close();
  await house.stop();
}
report();
