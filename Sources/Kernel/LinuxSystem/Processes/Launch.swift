internal import CLinux
import Glibc
import Synchronization

/// A program that was started in a session of its own.
package struct Launched: ~Copyable, Sendable {
    package let pid: Int32
    /// Becomes readable when it ends. Should this process end before, init waits for the other.
    package let pidfd: OwnedFD
}

/// Starts a program that outlives this process, at a cost that does not grow with this process's memory or threads.
///
/// It runs in a new session, with default signal handling and no descriptor but those given; 0, 1 and 2 are /dev/null unless they are among them.
/// Blocks until execve(2) was called.
///
/// - Parameters:
///   - executable: A descriptor of the program; shown in errors as `arguments[0]`.
///   - descriptors: Pairs of this process's number and the program's; at most 16.
///   - cgroup: A directory of cgroup v2 to be born into.
package func launch(
    executable: borrowing OwnedFD, arguments: [String], environment: [String], descriptors: [(from: CInt, to: CInt)] = [],
    cgroup: CInt? = nil
) throws(SystemError) -> Launched {
    let outcome: Result<(pid: Int32, pidfd: CInt), SystemError> = lowDescriptors.withLock { low in
        do throws(SystemError) {
            // Also when only some could be placed.
            defer { low.clear() }
            try low.place(descriptors.map(\.from))
            let sources = low.numbers.prefix(descriptors.count)
            return .success(try launch(executable, arguments, environment, sources, descriptors.map(\.to), cgroup))
        } catch { return .failure(error) }
    }
    let launched = try outcome.get()
    return Launched(pid: launched.pid, pidfd: OwnedFD(adopting: launched.pidfd))
}

private func launch(
    _ executable: borrowing OwnedFD, _ arguments: [String], _ environment: [String], _ sources: ArraySlice<CInt>, _ targets: [CInt],
    _ cgroup: CInt?
) throws(SystemError) -> (pid: Int32, pidfd: CInt) {
    let argumentVector = CStringVector(arguments)
    let environmentVector = CStringVector(environment)
    var pidfd: CInt = -1
    let pid = unsafe sources.withUnsafeBufferPointer { sources in
        unsafe targets.withUnsafeBufferPointer { targets in
            var request = unsafe clinux_launch(
                executable: executable.rawValue, arguments: argumentVector.pointers, environment: environmentVector.pointers,
                sources: sources.baseAddress, targets: targets.baseAddress, count: CInt(sources.count), cgroup: cgroup ?? -1)
            return unsafe clinux_launch(&request, &pidfd)
        }
    }
    guard pid > 0 else { throw SystemError("start \(arguments.first ?? "a program")", .current) }
    return (pid, pidfd)
}

/// Numbers taken early and kept, for what a program is to get: those above them need not be copied for it.
private let lowDescriptors = Mutex(LowDescriptors())

private struct LowDescriptors: ~Copyable {
    private(set) var numbers: [CInt] = []
    /// What they mean between launches: /dev/null.
    private var null: CInt = -1

    /// Makes the first numbers mean what others do.
    mutating func place(_ others: [CInt]) throws(SystemError) {
        if null < 0 { null = try Self.openNull() }
        while numbers.count < others.count { numbers.append(try Self.openNull()) }
        for (other, number) in zip(others, numbers) {
            guard clinux_duplicate_onto(other, number) >= 0 else { throw SystemError("duplicate a descriptor", .current) }
        }
    }

    /// Lets go of what they meant.
    func clear() {
        for number in numbers { _ = clinux_duplicate_onto(null, number) }
    }

    private static func openNull() throws(SystemError) -> CInt {
        let number = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
        guard number >= 0 else { throw SystemError("open /dev/null", .current) }
        return number
    }
}

/// A NULL-terminated array of C strings that lives as long as this value.
@safe private struct CStringVector: ~Copyable {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        unsafe pointers = .allocate(capacity: count + 1)
        for (index, text) in strings.enumerated() { unsafe pointers[index] = unsafe strdup(text) }
        unsafe pointers[count] = nil
    }

    deinit {
        for index in 0..<count { unsafe free(pointers[index]) }
        unsafe pointers.deallocate()
    }
}
