/// The plan of a process: what happens between clone3(2) and execve(2), as one flat buffer.
///
/// Swift builds and checks the buffer (LinuxSystem/ProcessPlan.swift), hands it to the pod's supervisor over a socket, and
/// the cloned child walks it with system calls only: no allocation, no lock, no stdio. There is no pointer in it, so it means
/// the same in every process: strings and arrays are offsets from its start, descriptors are numbers of slots.
#pragma once
#include <stdint.h>
#include <sys/types.h>

#define CLINUX_PLAN_MAGIC 0x4e4c5053u
#define CLINUX_PLAN_VERSION 1
#define CLINUX_PLAN_MAX_SLOTS 128
#define CLINUX_PLAN_MAX_OPS 1024
#define CLINUX_PLAN_MAX_SIZE (4u << 20)
#define CLINUX_NO_SLOT (-1)

/// The header; the operations follow it at once, then the data.
struct clinux_plan {
    uint32_t magic;          ///< CLINUX_PLAN_MAGIC
    uint16_t version;        ///< CLINUX_PLAN_VERSION
    uint16_t op_size;        ///< sizeof(struct clinux_op)
    uint32_t size;           ///< bytes of the whole buffer
    uint32_t op_count;
    uint32_t slot_count;     ///< all slots; those from input_slots on are filled by operations
    uint32_t input_slots;    ///< slots 0 ..< input_slots hold the descriptors passed in
    uint64_t clone_flags;    ///< CLONE_NEW* of the first clone
    int32_t cgroup_slot;     ///< descriptor of the cgroup to be born into (CLONE_INTO_CGROUP), or CLINUX_NO_SLOT
    int32_t pid_ns_slot;     ///< pid namespace (or pidfd of a member) that the caller joins around the clone, or CLINUX_NO_SLOT
};

/// Which fields an operation reads is written beside its code; the others are 0 (slots: CLINUX_NO_SLOT).
struct clinux_op {
    uint16_t code;           ///< enum clinux_op_code
    uint16_t flags;          ///< CLINUX_OPF_*
    int32_t slot, slot2;
    uint32_t s1, s2, s3;     ///< offsets of NUL-terminated strings; 0 is none
    uint32_t data, length;   ///< offset and bytes of an array; 8-byte aligned
    uint64_t a, b;
};

enum clinux_op_code {
    /// Joins namespaces: slot = namespace descriptor or pidfd, a = CLONE_NEW* (several only with a pidfd).
    CLINUX_OP_SETNS = 1,
    CLINUX_OP_UNSHARE,       ///< a = CLONE_NEW*
    /// Clones again with CLONE_PARENT, so that the caller stays the parent: a = CLONE_NEW*. The first child reports the pid and
    /// ends, the second goes on with the next operation. For user-namespaced pods: their pid namespace must belong to their user namespace.
    CLINUX_OP_FORK,
    CLINUX_OP_SETSID,
    CLINUX_OP_CONTROLLING_TTY, ///< slot: TIOCSCTTY
    /// slot onto descriptor number a (0, 1, 2), which survives the exec. Nothing else does: the child marks every descriptor
    /// close-on-exec first thing, and CLINUX_OP_EXEC closes all above 2, so that no path in the container leads through one.
    CLINUX_OP_DUP,
    /// Opens s1 below slot2 (or the cwd) with open flags a and openat2 RESOLVE_* b into slot.
    CLINUX_OP_OPEN,
    CLINUX_OP_CLOSE,         ///< slot
    /// Opens s1 as the new root (or takes slot, when s1 is none): later targets (s3) are resolved inside it (RESOLVE_IN_ROOT |
    /// RESOLVE_NO_MAGICLINKS). chdir to it too. DETACHED: slot is a detached mount, attached over "/" first.
    CLINUX_OP_ROOT,
    CLINUX_OP_PROPAGATION,   ///< s1 = path (NULL root: "/"), a = MS_PRIVATE | MS_SLAVE | MS_SHARED | MS_REC …
    /// fsopen s1 (type), fsconfig of the options in data (each NUL-terminated, "key=value" or "key"; source = s2), fsmount with
    /// MOUNT_ATTR_* a, move_mount to s3: an absolute path before CLINUX_OP_ROOT or with HOST_TARGET, inside the root otherwise;
    /// without s3 the detached mount stays in slot. CREATE_DIRECTORY makes the target first. OPTIONAL: an option or type unknown here is skipped.
    /// A value of byte 1 and a decimal number is the descriptor in that slot (FSCONFIG_SET_FD). Values are shorter than 256 bytes.
    /// proc and sysfs go onto an ordinary directory only, never through a symlink.
    /// CLASSIC: mount(2) instead, with the one option string in data and MS_* flags a; needs s3.
    CLINUX_OP_MOUNT,
    /// Clones a mount and moves it to s3 (as MOUNT). Source: slot2 (a detached mount or any descriptor) or path s1, then below it s2
    /// with RESOLVE_BENEATH. RECURSIVE: with submounts. a = MOUNT_ATTR_* to set, b = to clear (RECURSIVE_ATTRIBUTES: on submounts too).
    /// data (8 bytes): uint64 propagation MS_*, 0 none. slot = user namespace for an idmapped mount.
    /// DETACHED: slot2 already is a detached mount, only attributes and move. CREATE_DIRECTORY / CREATE_FILE make the target.
    /// Without s3 the mount stays detached, and slot2 then holds it. A slot2 that is no detached mount must have been opened in
    /// the mount namespace of the child (CLINUX_OP_OPEN): the kernel clones no mount of another namespace (EINVAL).
    CLINUX_OP_BIND,
    CLINUX_OP_MKDIR,         ///< s3 in the root, mode a, with parents; an existing directory is fine
    CLINUX_OP_MKNOD,         ///< s3 in the root, mode a (S_IFCHR…), device b. On EPERM (user namespace) binds the host's node s1, whose device must be b
    CLINUX_OP_SYMLINK,       ///< s1 = content, s3 = where in the root; an existing entry is left alone
    CLINUX_OP_WRITE,         ///< writes s2 to the file s1 (path in the current view; no creation); below /proc only to a real procfs. OPTIONAL: failure is not fatal
    /// Masks s3 inside the root: a file gets /dev/null bound over it, a directory an empty read-only tmpfs. Absent is fine.
    CLINUX_OP_MASK,
    CLINUX_OP_READONLY,      ///< binds s3 onto itself read-only, recursively. Absent is fine.
    CLINUX_OP_PIVOT_ROOT,    ///< pivot_root(".", "."), detaches the old root, chdir "/"
    CLINUX_OP_ROOT_ATTRIBUTES, ///< mount_setattr on "/": a = set, b = clear (a read-only root file system)
    CLINUX_OP_HOSTNAME,      ///< s1
    CLINUX_OP_DOMAINNAME,    ///< s1
    CLINUX_OP_RLIMIT,        ///< slot = RLIMIT_*, a = soft, b = hard. OPTIONAL: on EPERM the hard limit in force is taken for both
    CLINUX_OP_OOM_SCORE_ADJ, ///< a = value as int64. OPTIONAL: on EACCES the nearest allowed (the present) value stays
    CLINUX_OP_KEYRING,       ///< a new anonymous session keyring, keyctl(KEYCTL_JOIN_SESSION_KEYRING). OPTIONAL
    CLINUX_OP_UMASK,         ///< a
    CLINUX_OP_BOUNDING_SET,  ///< a = the capabilities to keep, one bit each
    CLINUX_OP_SETGROUPS,     ///< data = uint32 gids
    CLINUX_OP_SETGID,        ///< a (setresgid)
    CLINUX_OP_SETUID,        ///< a (setresuid); permitted capabilities are kept until CAPABILITIES
    /// data = struct { uint64 effective, permitted, inheritable, ambient }: capset, then PR_CAP_AMBIENT_RAISE.
    CLINUX_OP_CAPABILITIES,
    CLINUX_OP_NO_NEW_PRIVS,
    CLINUX_OP_SECCOMP,       ///< data = struct sock_filter array, a = SECCOMP_FILTER_FLAG_*
    CLINUX_OP_CHDIR,         ///< s1, never through a magic link (/proc/self/fd/N); CREATE_DIRECTORY makes it (and parents) when absent
    CLINUX_OP_PDEATHSIG,     ///< a = signal
    CLINUX_OP_CLOSE_RANGE,   ///< closes all descriptors above 2 but the report pipe, and so empties the slots
    /// data = uint32 argc, envc, candidates; then that many uint32 string offsets in the order argv, envp, candidate paths.
    /// Tries the candidates in order as execvp(3) does: ENOENT and ENOTDIR go on; EACCES goes on but is remembered.
    CLINUX_OP_EXEC,
    /// Does not exec: becomes the minimal init of a shared pid namespace: reaps, forwards nothing, ends on SIGTERM; a = 0.
    CLINUX_OP_INIT,
    /// A terminal for the process, after the mounts and SETSID, before capabilities go: opens /dev/pts/ptmx of the present root, sends
    /// the master over the socket in slot (SCM_RIGHTS, one byte), makes the slave 0, 1, 2 and the controlling terminal.
    /// a = rows << 16 | columns, 0 none; b = owner's uid. CREATE_FILE: the slave is also bound over /dev/console, which is made.
    CLINUX_OP_OPEN_PTY,
    CLINUX_OP_CODES
};

enum {
    CLINUX_OPF_OPTIONAL = 1,
    CLINUX_OPF_CREATE_DIRECTORY = 2,
    CLINUX_OPF_CREATE_FILE = 4,
    CLINUX_OPF_RECURSIVE = 8,
    CLINUX_OPF_RECURSIVE_ATTRIBUTES = 16,
    CLINUX_OPF_HOST_TARGET = 32,
    CLINUX_OPF_DETACHED = 64,
    CLINUX_OPF_CLASSIC = 128,
};

/// The system call that failed inside an operation, for the message.
enum clinux_step {
    CLINUX_STEP_NONE, CLINUX_STEP_CLONE, CLINUX_STEP_SETNS, CLINUX_STEP_UNSHARE, CLINUX_STEP_SETSID, CLINUX_STEP_IOCTL,
    CLINUX_STEP_DUP, CLINUX_STEP_OPEN_SOURCE, CLINUX_STEP_OPEN_TARGET, CLINUX_STEP_CREATE_TARGET, CLINUX_STEP_FSOPEN,
    CLINUX_STEP_FSCONFIG, CLINUX_STEP_FSMOUNT, CLINUX_STEP_OPEN_TREE, CLINUX_STEP_MOUNT_SETATTR, CLINUX_STEP_MOVE_MOUNT,
    CLINUX_STEP_MOUNT, CLINUX_STEP_MKDIR, CLINUX_STEP_MKNOD, CLINUX_STEP_SYMLINK, CLINUX_STEP_OPEN, CLINUX_STEP_WRITE,
    CLINUX_STEP_PIVOT_ROOT, CLINUX_STEP_UMOUNT, CLINUX_STEP_CHDIR, CLINUX_STEP_SETHOSTNAME, CLINUX_STEP_SETDOMAINNAME,
    CLINUX_STEP_SETRLIMIT, CLINUX_STEP_KEYCTL, CLINUX_STEP_PRCTL, CLINUX_STEP_SETGROUPS, CLINUX_STEP_SETGID,
    CLINUX_STEP_SETUID, CLINUX_STEP_CAPSET, CLINUX_STEP_SECCOMP, CLINUX_STEP_CLOSE_RANGE, CLINUX_STEP_EXEC,
    CLINUX_STEP_PLAN, ///< the plan itself is malformed: errno EINVAL
    CLINUX_STEP_DIED, ///< the child was killed before it called execve: errno ECHILD, detail says by what
    CLINUX_STEP_VERIFY, ///< an object is not what it must be (a /proc that is no procfs, a /dev/null that is no null device)
    CLINUX_STEP_PIPE, ///< the report pipe
    CLINUX_STEP_PTY,  ///< opening the terminal
    CLINUX_STEP_SEND, ///< sending the terminal's master to the supervisor
};

/// What clinux_spawn reports. On failure error is not 0.
struct clinux_spawned {
    pid_t pid;               ///< in the caller's pid namespace
    int32_t pidfd;           ///< close-on-exec
    int32_t error;           ///< errno, 0 on success
    int32_t step;            ///< enum clinux_step
    int32_t op;              ///< index of the operation that failed; -1 before the first
    int32_t adjusted;        ///< number of OPTIONAL operations that took a lesser value (first 8 are listed)
    int32_t adjusted_ops[8];
    int32_t adjusted_errors[8];
    char detail[256];        ///< the kernel's own words (fs context log), or the path tried last; may be empty
};

/// Checks every offset, length and slot of a plan that came from outside. 0, or -1 with errno EINVAL.
int clinux_plan_check(const void *plan, size_t size, int fd_count);

/// Clones, walks the plan, execs. Blocks until the child has called execve or failed to (or, for CLINUX_OP_INIT, is ready).
/// `fds` are the caller's descriptors for slots 0 ..< fd_count; they stay open and stay the caller's.
/// With a pid_ns_slot the calling thread's new children go to that namespace for the moment of the clone; the process is not
/// dumpable for that moment, so that nobody in the namespace can trace the child.
/// Returns 0 or -1; the details are in *result either way.
int clinux_spawn(const void *plan, size_t size, const int *fds, int fd_count, struct clinux_spawned *result);
