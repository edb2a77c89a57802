internal import CLinux

/// The allocator's heaps ("arenas", mallopt(3)).
package enum Heaps {
    /// By default each thread gets one of its own, and keeps what a burst has left in it: a seventh of a daemon's memory with 100 pods.
    package static func limit(to count: Int32) { _ = clinux_limit_heaps(count) }
}
