// The texts of the first letters; imported before everything that shows one. The others come with rest.ts.
import { addTexts, type Catalogue } from '../common/i18n';

addTexts(import.meta.glob<Catalogue>('../i18n/pad-first.??.json', { eager: true, import: 'default' }));
