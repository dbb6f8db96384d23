// Documents that become texts: what a person chooses or drops on the page of texts. Called by portal.mjs.
import { axeFindings, overflow, settled } from './browser.mjs';
import { holds, same, until } from './check.mjs';
import { api, signedIn } from './truth.mjs';

export async function bringChecks({ check, house, browser }) {
  await check('truth: a document is brought in by choosing and by dropping it; what cannot be read says what to do', async () => {
    const { page, context } = await signedIn(house, browser, 'member');
    const texts = 'api/v1/associations/amis/pads';
    const listed = async () => (await (await api(house, page, 'GET', texts)).json()).items;
    const open = async () => { await page.goto(`${house.url}pads`); await settled(page); };
    const input = page.locator('[data-pick=document]');
    const made = [];
    await open();

    // A Word document that this house wrote itself, whole: its text opens.
    const minutes = (await listed()).find((one) => one.access.members !== 'none');
    const docx = await (await api(house, page, 'GET', `api/v1/pads/${minutes.id}/export?format=docx`)).body();
    await input.setInputFiles({ name: 'Réunion d’été.docx', mimeType: '', buffer: docx });
    await page.waitForURL((where) => /^\/pads\/[^/]+$/.test(where.pathname) && !where.pathname.endsWith(minutes.id));
    made.push(new URL(page.url()).pathname.split('/').pop());
    await page.locator('[contenteditable=true] p, [contenteditable=true] h1, [contenteditable=true] li').first().waitFor();

    // Several at once: a text file of an older Windows, a PDF, an empty file.
    await open();
    await input.setInputFiles([
      { name: 'Fête de l’école.txt', mimeType: 'text/plain', buffer: Buffer.from('*trois* caf\xe9s\n<b>pas gras</b>', 'latin1') },
      { name: 'Statuts.PDF', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7') },
      { name: 'rien.docx', mimeType: '', buffer: Buffer.alloc(0) },
    ]);
    const said = async () => (await page.locator('.brought').innerText()).replace(/\s+/g, ' ');
    await until(async () => /« Fête de l’école » est prêt[^]*« Statuts.PDF » n’est pas devenu un texte\. Un PDF ne se lit pas ici[^]*Le fichier est vide/.test(await said()), 'three sentences');
    same(await axeFindings(page), [], 'findings');
    await page.setViewportSize({ width: 320, height: 640 });
    same(await overflow(page), '', 'overflow');
    const old = (await listed()).find((one) => one.title === 'Fête de l’école');
    made.push(old.id);
    same((await (await api(house, page, 'GET', `api/v1/pads/${old.id}/export?format=text`)).text()).trim().split(/\n+/).slice(-2), ['*trois* cafés', '<b>pas gras</b>'], 'the words as they were');
    // What is there stays until it was seen, also when another page is looked at.
    await page.locator('nav a[href="/account"], a[href="/account"]').first().click();
    await until(async () => new URL(page.url()).pathname === '/account', 'another page');
    await page.locator('nav a[href="/pads"], a[href="/pads"]').first().click();
    await page.getByRole('button', { name: 'C’est vu : Statuts.PDF' }).click();
    same(await page.getByText('Statuts.PDF').count(), 0, 'seen');
    await page.getByRole('button', { name: 'C’est vu : rien.docx' }).click();
    await page.getByRole('button', { name: 'C’est vu : Fête de l’école' }).click();

    // Dropped on the list; a damaged file is refused by the house in words.
    const data = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['no archive'], 'Abîmé.docx'));
      return transfer;
    });
    await page.locator('.bring').dispatchEvent('drop', { dataTransfer: data });
    await until(async () => /« Abîmé.docx » n’est pas devenu un texte\. .{10}/.test(await said()), 'the refusal');
    for (const id of made) await api(house, page, 'DELETE', `api/v1/pads/${id}`);
    await context.close();
  });
}
