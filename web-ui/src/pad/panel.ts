// The dialogs beside the text: the page (main.tsx) opens one at a time, its header (head.tsx) asks for one. The type alone.
export type Panel = 'share' | 'export' | 'history' | 'keys' | 'count' | 'people' | 'link' | 'leave' | null;
