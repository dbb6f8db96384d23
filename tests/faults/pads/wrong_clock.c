/* Preloaded into one process: its calendar is CLOCK_OFFSET_SECONDS away from the machine's. Clocks that only count are left. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long offset(void) {
    const char *text = getenv("CLOCK_OFFSET_SECONDS");
    return text == NULL ? 0 : strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL) {
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    }
    const int code = real(clock, now);
    if (code == 0 && clock == CLOCK_REALTIME) {
        now->tv_sec += offset();
    }
    return code;
}
