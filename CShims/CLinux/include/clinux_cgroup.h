/// What a cgroup's directory needs that Swift's Glibc module lacks: O_PATH, a GNU extension, and getxattr(2).
#pragma once
#include <sys/types.h>
#include <sys/xattr.h>

/// Opens a directory as a place only (O_PATH), below `parent` or by absolute path; not through a symbolic link.
/// Returns a close-on-exec descriptor, or -1 with errno.
int clinux_open_place(int parent, const char *path);
