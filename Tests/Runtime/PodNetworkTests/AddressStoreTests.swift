import Glibc
import Netlink
import Testing

@testable import PodNetwork

struct AddressStoreTests {
    private let directory = TemporaryDirectory()

    private func store(_ cidr: String = "10.244.0.0/29") throws -> AddressStore {
        try AddressStore(directory: directory.path + "/state/addresses", plan: try plan(cidr))
    }

    private func plan(_ cidr: String) throws -> AddressPlan { try AddressPlan([try #require(IPPrefix(cidr))]) }

    @Test func `numbers are given out in turn, until none is left`() throws {
        let store = try store()
        let numbers = try (0..<5).map { try store.reserve(.sandbox("s\($0)")).rawValue }
        #expect(numbers == [2, 3, 4, 5, 6])
        #expect { try store.reserve(.sandbox("one more")) } throws: { error in
            "\(error)" == "no free address in 10.244.0.0/29: 5 in use, 0 of them being released"
        }
    }

    @Test func `a freed number comes back last`() throws {
        let store = try store()
        let first = try store.reserve(.sandbox("a"))
        try store.free(first)  // not in release: stays
        #expect(try store.number(of: "a") == first)
        try store.change(first, to: .releasing)
        #expect(store.releasing == [first])
        try store.free(first)
        #expect(try store.number(of: "a") == nil)
        #expect(try (0..<5).map { try store.reserve(.sandbox("s\($0)")).rawValue } == [3, 4, 5, 6, 2])
    }

    @Test func `reservations survive a restart`() throws {
        let number = try store().reserve(.sandbox("a"))
        try store().change(number, to: .sandbox("b"))
        let reopened = try store()
        #expect(try reopened.number(of: "b") == number && reopened.number(of: "a") == nil)
        #expect(try reopened.reservations() == [number: .sandbox("b")])
        #expect(try reopened.reserve(.sandbox("c")) > number)
    }

    @Test func `two processes never get the same number`() throws {
        let (one, two) = (try store("10.0.0.0/26"), try store("10.0.0.0/26"))
        var numbers: [HostNumber] = []
        for index in 0..<30 {
            numbers.append(try one.reserve(.sandbox("one\(index)")))
            numbers.append(try two.reserve(.sandbox("two\(index)")))
        }
        #expect(Set(numbers).count == 60)
        #expect(try two.number(of: "one7") == one.number(of: "one7"))
        // What one frees, the other can have.
        let freed = try #require(try one.number(of: "one3"))
        try one.change(freed, to: .releasing)
        try one.free(freed)
        #expect(try Set((0..<2).map { try two.reserve(.sandbox("more\($0)")) }).contains(freed))
    }

    @Test func `threads never get the same number`() throws {
        let store = try store("10.0.0.0/22")
        let threads = try (0..<8).map { thread in
            try Background { for index in 0..<50 { _ = try? store.reserve(.sandbox("\(thread)-\(index)")) } }
        }
        threads.forEach { $0.join() }
        let reservations = try store.reservations()
        #expect(reservations.count == 400 && Set(reservations.values).count == 400)
    }

    @Test func `rubbish in the directory is not given out and does no harm`() throws {
        let first = try store()
        try #require(symlink("nonsense", first.directory + "/10.244.0.2") == 0)
        try #require(mkdir(first.directory + "/10.244.0.3", 0o755) == 0)
        try #require(symlink("sandbox:old", first.directory + "/192.168.0.7") == 0)
        let store = try store()
        #expect(try store.reservations().values.allSatisfy { $0 == .releasing })
        #expect(try store.reserve(.sandbox("a")).rawValue == 4)
        #expect(try store.removeStrangers() == ["192.168.0.7"])
        #expect(try store.removeStrangers() == [])
    }

    @Test func `everything is removed`() throws {
        let store = try store()
        _ = try store.reserve(.sandbox("a"))
        try store.removeAll()
        #expect(access(store.directory, F_OK) != 0)
    }
}
