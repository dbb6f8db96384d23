// A browser's copy of the older form with words that the house never got, met by the house's text of today: before the copy has
// been read, and after. Prints one line of JSON: what is wrong, or null.
import * as Y from 'yjs';
import { OldCopy } from '../../../web-ui/src/pad/old-copy';
import { schema } from '../../../web-ui/src/pad/schema';
import { documentOf } from '../../../web-ui/src/pad/lines/model';

const paragraph = (root, words) => {
  const element = new Y.XmlElement('paragraph');
  const text = new Y.XmlText();
  text.insert(0, words);
  element.insert(0, [text]);
  root.insert(root.length, [element]);
  return text;
};

// Numbers that are fixed: where two things come to one place, they decide the order.
const documentOfNumber = (number) => Object.assign(new Y.Doc(), { clientID: number });

function meeting(late) {
  const house = documentOfNumber(1);
  const old = house.getXmlFragment('default');
  paragraph(old, 'Known to all. ');
  const browser = documentOfNumber(3);
  Y.applyUpdate(browser, Y.encodeStateAsUpdate(house));
  const mine = browser.getXmlFragment('default');
  mine.get(0).get(0).insert(14, 'And mine.');
  paragraph(mine, 'A whole new one.');
  const kept = [Y.encodeStateAsUpdate(browser)];

  // The house makes lines of it.
  old.delete(0, old.length);
  const lines = documentOfNumber(2);
  Y.applyUpdate(lines, Y.encodeStateAsUpdate(house));
  const root = lines.get('default', Y.XmlText);
  root.setAttribute('format', 2);
  root.insert(0, 'Known to all. ');
  const state = Y.encodeStateVector(lines);

  // The page: its copy comes before the house's text, or only after both have met.
  const page = documentOfNumber(4);
  const take = () => { for (const update of kept) Y.applyUpdate(page, update); };
  let copy = null;
  if (!late) {
    copy = OldCopy.in(kept, 'default', schema, null);
    take();
    copy?.meet(state);
  }
  Y.applyUpdate(page, Y.encodeStateAsUpdate(lines));
  if (late) {
    copy = OldCopy.in(kept, 'default', schema, state);
    take();
  }
  const given = copy?.giveBack(page.get('default', Y.XmlText));
  const shown = documentOf(schema, page.get('default', Y.XmlText));
  const text = shown.textBetween(0, shown.content.size, '|', '|');
  // A whole block of the older form is shown where it stands; words inside of a block that the house replaced come behind the text.
  const wanted = 'Known to all. |A whole new one.|Known to all. And mine.';
  const again = OldCopy.in([Y.encodeStateAsUpdate(lines)], 'default', schema, null);
  return !given ? 'nothing was given back' : text !== wanted ? `shown: ${text}` : again ? 'a copy of today counts as old' : null;
}

const wrong = [['early', false], ['late', true]].map(([name, late]) => [name, meeting(late)]).filter(([, fault]) => fault);
console.log(JSON.stringify(wrong.length > 0 ? wrong : null));
