// What goes on while its page is not looked at: pages look at it through this, and the tab is not closed without a question while something
// is under way. Used by sending.ts (sites) and bringing.ts (documents); each keeps its own list.
import { useEffect, useState } from 'preact/hooks';

export interface UnderWay {
  /** Something of the list has changed. */
  tell: () => void;
  /** In a component: it is drawn anew with each change. */
  useLook: () => void;
}

/** `busy`: whether closing the tab would lose something. */
export function underWay(busy: () => boolean): UnderWay {
  const watching = new Set<() => void>();
  const question = (event: BeforeUnloadEvent) => event.preventDefault();
  return {
    tell: () => {
      // A page with such a listener is not kept for "back" by browsers: it is there while something is sent only.
      if (busy()) addEventListener('beforeunload', question);
      else removeEventListener('beforeunload', question);
      for (const one of watching) one();
    },
    useLook: () => {
      const [, turn] = useState(0);
      useEffect(() => {
        const look = () => turn((now) => now + 1);
        watching.add(look);
        return () => { watching.delete(look); };
      }, []);
    },
  };
}
