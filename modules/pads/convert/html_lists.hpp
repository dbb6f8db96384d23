// Lists as other programs write them in HTML, brought into the form of our own before the document is read. The editor does the
// same with what is pasted (web-ui/src/pad/paste-lists.ts); tests/vectors/lists.json holds both. Only from_html.cpp calls it.
#pragma once

#include <libxml/tree.h>

namespace hameau::pads {

/// Changes the tree below `root`: Word's paragraphs become lists, Word Online's one list for each item one list, a list
/// directly inside a list belongs to the item before it; check boxes are data-type="taskItem"; a list is cut where its
/// numbers jump and where tasks and plain items meet. Time: a few passes over the tree.
void settle_lists(xmlNode* root);

} // namespace hameau::pads
