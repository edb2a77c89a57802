// A library that is loaded when it is first needed: the program starts without it. Included by the one source file of a shim, which defines
//   LIBRARY  the name that the library's binary interface has; what its headers were for
//   LOAD     the function to define: NULL, or what the dynamic linker says is wrong
//   FUNCTIONS  the file, seen from here, with a line F(result, name, parameters, arguments) for each function
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#define F(result, name, parameters, arguments) static __typeof__(name) *found_##name;
#include FUNCTIONS
#undef F

#define F(result, name, parameters, arguments) result name parameters { return found_##name arguments; }
#include FUNCTIONS
#undef F

static const struct { const char *name; void **place; } functions[] = {
#define F(result, name, parameters, arguments) {#name, (void **)&found_##name},
#include FUNCTIONS
#undef F
};

/// The dynamic linker's own words are the calling thread's and soon gone.
static char failure[256];

static void fail(void) { snprintf(failure, sizeof failure, "%s", dlerror()); }

static void load(void) {
    void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    if (!library) return fail();
    for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
        *functions[index].place = dlsym(library, functions[index].name);
        if (!*functions[index].place) return fail();
    }
}

const char *LOAD(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return *failure ? failure : NULL;
}
