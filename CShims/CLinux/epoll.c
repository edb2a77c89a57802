#include "include/clinux_epoll.h"
#include <errno.h>
#include <sys/epoll.h>

enum { MOST = 64 };

int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int clinux_epoll_add(int epoll, int fd, uint64_t token) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = token}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int clinux_epoll_pause(int epoll, int fd, uint64_t token) {
    // Without an event to wait for a hang-up would still be told, and again and again: edge-triggered, it is told once.
    struct epoll_event event = {.events = EPOLLET, .data = {.u64 = token}};
    return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

int clinux_epoll_resume(int epoll, int fd, uint64_t token) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = token}};
    return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

int clinux_epoll_arm(int epoll, int fd, uint64_t token, int reading, int writing) {
    uint32_t events = EPOLLONESHOT | (reading ? EPOLLIN : 0) | (writing ? EPOLLOUT : 0);
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) == 0) return 0;
    return errno == ENOENT ? epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) : -1;
}

int clinux_epoll_remove(int epoll, int fd) { return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, 0); }

int clinux_epoll_wait(int epoll, uint64_t *tokens, int room) {
    struct epoll_event events[MOST];
    int count = epoll_wait(epoll, events, room < MOST ? room : MOST, -1);
    for (int index = 0; index < count; index++) tokens[index] = events[index].data.u64;
    return count;
}
