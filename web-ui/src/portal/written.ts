// Who wrote last in a text, and when, as one sentence.
import type { Pad } from '../common/api';
import { t, when } from '../common/i18n';

/** `me`: the reader's own name, shown as "you". */
export function lastWritten(pad: Pick<Pad, 'updated' | 'updated_by'>, me?: string): string {
  if (!pad.updated_by) return t('pads.made', { when: when(pad.updated) });
  return t('pads.last', { name: pad.updated_by === me ? t('you') : pad.updated_by, when: when(pad.updated) });
}
