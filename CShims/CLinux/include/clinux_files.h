/* Calls on open files that Swift does not see: ioctl numbers made by macros, and what needs _GNU_SOURCE. */
#ifndef CLINUX_FILES_H
#define CLINUX_FILES_H

/// Clears FS_IMMUTABLE_FL and FS_APPEND_FL of an open file or directory, so that it can be removed; ioctl_iflags(2).
/// Returns 1 when a flag was cleared, 0 when neither was set, -1 with errno set on failure.
int clinux_clear_immutable(int fd);

/// syncfs(2): writes everything of the file system that holds `fd` to disk. Returns 0, or -1 with errno set.
int clinux_syncfs(int fd);

#endif
