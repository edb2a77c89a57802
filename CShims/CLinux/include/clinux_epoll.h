/// epoll(7), whose packed event structure Swift does not import. Each returns -1 with errno on failure.
#pragma once
#include <stdint.h>

int clinux_epoll_create(void);                                    ///< close-on-exec
int clinux_epoll_add(int epoll, int fd, uint64_t token);          ///< level-triggered, for reading and hang-up
int clinux_epoll_pause(int epoll, int fd, uint64_t token);        ///< keeps it, but tells of nothing to read
int clinux_epoll_resume(int epoll, int fd, uint64_t token);       ///< as it was added; what came meanwhile is told
/// Tells once of what is asked for, and of hang-up; added if it is not there yet.
int clinux_epoll_arm(int epoll, int fd, uint64_t token, int reading, int writing);
int clinux_epoll_remove(int epoll, int fd);
/// Waits without limit; the number of tokens written.
int clinux_epoll_wait(int epoll, uint64_t *tokens, int room);
