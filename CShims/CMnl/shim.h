#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/veth.h>
#include <sys/syscall.h>
#include <unistd.h>

/// NFPROTO_INET. Its home, <linux/netfilter.h>, defines the structures of <netinet/in.h> again, with other fields.
enum { CMNL_NFPROTO_INET = 1 };

/// setns(2) and unshare(2), which glibc declares for _GNU_SOURCE only and Swift's Glibc module therefore lacks.
/// Both act on the calling thread alone.
static inline int cmnl_setns(int fd, int namespace_type) { return (int)syscall(SYS_setns, fd, namespace_type); }
static inline int cmnl_unshare(unsigned long flags) { return (int)syscall(SYS_unshare, flags); }
