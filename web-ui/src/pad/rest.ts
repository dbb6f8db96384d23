// Everything of the page that the first letter does not need, as one file that comes after it.
import { addTexts, type Catalogue } from '../common/i18n';

addTexts(import.meta.glob<Catalogue>('../i18n/pad.??.json', { eager: true, import: 'default' }));

export { SignInAgain } from './again';
export { SharedStripe } from '../common/shared';
export { authorsShown, showAuthors } from './authors';
export { countsOf } from './commands';
export { DescribeBar } from './describe';
export { FindBar } from './find-bar';
export { GuestBar } from './guest';
export { History } from './history';
export { Images } from './images';
export { CountDialog, ExportDialog, KeysDialog, LeaveDialog, LinkDialog, Outline, PeopleDialog, ShareDialog } from './panels';
export { Refused } from './refused';
export { TakenNotice } from './taken-notice';
export { ContextBar, shownOf, Toolbar } from './toolbar';
export { writing } from './writing';
