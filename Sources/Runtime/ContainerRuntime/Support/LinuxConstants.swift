// What <fcntl.h> and <sys/sysmacros.h> give only for _GNU_SOURCE, so that Swift's Glibc module lacks it. The same on x86-64 and arm64.

/// O_PATH
let openPathOnly: CInt = 0o10000000

/// gnu_dev_major(3)
func deviceMajor(_ device: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: (device >> 8 & 0xfff) | (device >> 32 & ~0xfff)) }

/// gnu_dev_minor(3)
func deviceMinor(_ device: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: (device & 0xff) | (device >> 12 & ~0xff)) }
