#include "clinux_cgroup.h"

#include <fcntl.h>

int clinux_open_place(int parent, const char *path) {
    return openat(parent, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}
