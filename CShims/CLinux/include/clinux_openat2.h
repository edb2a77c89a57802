/* openat2(2): opening a path that cannot leave a directory. glibc 2.36 has no wrapper. */
#ifndef CLINUX_OPENAT2_H
#define CLINUX_OPENAT2_H

#include <linux/openat2.h>
#include <stdint.h>

/// openat2(2). `flags` are O_*, `mode` counts only with O_CREAT or O_TMPFILE, `resolve` are RESOLVE_*.
/// Returns a descriptor, or -1 with errno set; EAGAIN and EINTR are the caller's to repeat.
int clinux_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

/// O_PATH, which <fcntl.h> shows with _GNU_SOURCE only.
int clinux_o_path(void);

#endif
