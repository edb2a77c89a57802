internal import CLinux

/// A file descriptor with exactly one owner, closed at the end of its scope.
struct Descriptor: ~Copyable {
    private(set) var number: Int32

    init(adopting number: Int32) {
        precondition(number >= 0, "a descriptor is not negative")
        self.number = number
    }

    /// Gives the number up without closing it. (Embedded Swift has no `discard self` here.)
    consuming func release() -> Int32 {
        let released = number
        number = -1
        return released
    }

    deinit { if number >= 0 { _ = sv_close(number) } }
}

/// A place for a descriptor, empty or owning one. Unlike an optional `Descriptor` its number can be read in place.
struct DescriptorSlot: ~Copyable {
    private var raw: Int32 = -1

    init() {}
    init(_ descriptor: consuming Descriptor) { raw = descriptor.release() }

    var number: Int32? { raw < 0 ? nil : raw }
    var isEmpty: Bool { raw < 0 }

    /// Closes what was there.
    mutating func put(_ descriptor: consuming Descriptor) {
        close()
        raw = descriptor.release()
    }

    /// What was there, in a place of its own; this one is empty then.
    mutating func move() -> DescriptorSlot {
        var other = DescriptorSlot()
        other.raw = raw
        raw = -1
        return other
    }

    mutating func take() -> Descriptor? {
        guard raw >= 0 else { return nil }
        let number = raw
        raw = -1
        return Descriptor(adopting: number)
    }

    mutating func close() {
        if raw >= 0 { _ = sv_close(raw) }
        raw = -1
    }

    deinit { if raw >= 0 { _ = sv_close(raw) } }
}

/// A negative result of a call in clinux_supervisor.h.
struct SystemFailure: Error, Equatable {
    /// errno(3), positive.
    let number: Int32

    /// Passes a result that is not an error.
    static func check(_ result: Int32) throws(SystemFailure) -> Int32 {
        guard result >= 0 else { throw SystemFailure(number: -result) }
        return result
    }

    static func check(_ result: Int) throws(SystemFailure) -> Int {
        guard result >= 0 else { throw SystemFailure(number: Int32(-result)) }
        return result
    }

    static func descriptor(_ result: Int32) throws(SystemFailure) -> Descriptor {
        Descriptor(adopting: try check(result))
    }
}

/// Descriptors that came with a packet: those that nobody takes are closed with the list.
struct DescriptorList: ~Copyable {
    private(set) var numbers: [Int32]

    init(adopting numbers: [Int32]) { self.numbers = numbers }

    var count: Int { numbers.count }

    /// Takes one out; the numbers of the others keep their index.
    mutating func take(_ index: Int) -> Descriptor? {
        guard numbers.indices.contains(index), numbers[index] >= 0 else { return nil }
        let number = numbers[index]
        numbers[index] = -1
        return Descriptor(adopting: number)
    }

    /// Takes the first one, and moves the others down.
    mutating func takeFirst() -> Descriptor? {
        guard let descriptor = take(0) else { return nil }
        numbers.removeFirst()
        return descriptor
    }

    /// All of them, in a list of their own; this one is empty then.
    mutating func move() -> DescriptorList {
        let other = DescriptorList(adopting: numbers)
        numbers = []
        return other
    }

    mutating func append(_ descriptor: consuming Descriptor) { numbers.append(descriptor.release()) }

    deinit { for number in numbers where number >= 0 { _ = sv_close(number) } }
}
