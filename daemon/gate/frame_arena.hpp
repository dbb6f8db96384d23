// FrameArena: memory for the one large buffer that libnghttp2 holds for each session. It asks for 16 KiB and writes a few
// hundred bytes of it, because DATA frames never pass through it (NO_COPY). On the heap such a buffer becomes resident as
// soon as something else has used its place; here each one begins on a page of its own and gives its pages back.
#pragma once

#include <nghttp2/nghttp2.h>

namespace hameau::gate {

/// The allocator to make sessions with; one for the process, one thread.
nghttp2_mem* frame_memory();

} // namespace hameau::gate
