#include "include/CNftables.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#define F(result, name, parameters, arguments) static __typeof__(name) *found_##name;
#include "functions.h"
#undef F

#define F(result, name, parameters, arguments) result name parameters { return found_##name arguments; }
#include "functions.h"
#undef F

/// The name that its binary interface has; what the headers were for.
static const char library_name[] = "libnftables.so.1";

static const struct { const char *name; void **place; } functions[] = {
#define F(result, name, parameters, arguments) {#name, (void **)&found_##name},
#include "functions.h"
#undef F
};

/// The dynamic linker's own words are the calling thread's and soon gone.
static char failure[256];

static void fail(void) { snprintf(failure, sizeof failure, "%s", dlerror()); }

static void load(void) {
    void *library = dlopen(library_name, RTLD_LAZY | RTLD_LOCAL);
    if (!library) return fail();
    for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
        *functions[index].place = dlsym(library, functions[index].name);
        if (!*functions[index].place) return fail();
    }
}

const char *cnftables_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return *failure ? failure : NULL;
}
