// The portal's texts; imported before everything that shows one.
import { addTexts, type Catalogue } from '../common/i18n';

addTexts(import.meta.glob<Catalogue>('../i18n/??.json', { eager: true, import: 'default' }));
