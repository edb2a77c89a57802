internal import CNftables
internal import Glibc
internal import Synchronization

/// nftables through libnftables; no `nft` process. Acts on the network namespace of the thread that ran it first (the context holds a socket).
///
/// The library's context costs milliseconds to make, so it is made on the first run and kept. libnftables is not thread-safe
/// (its parser has state of its own): one lock for all contexts of the process.
package final class Nftables: Sendable {
    private let context = Mutex<Context?>(nil)

    package init() {}

    /// Runs a command buffer as one transaction: the kernel takes all of it or nothing.
    ///
    /// - Parameter commands: nft(8)'s language, or a JSON document of libnftables-json(5).
    /// - Parameter json: Whether the output is to be JSON (the input's language is recognised by itself).
    /// - Returns: What the commands print: nothing for changes, rules for `list`.
    @discardableResult
    package func run(_ commands: String, json: Bool = false) throws(NftablesError) -> String {
        let outcome: Result<String, NftablesError> = context.withLock { context in
            libraryLock.withLock { _ in
                do throws(NftablesError) {
                    if context == nil { context = try Context() }
                    guard let output = try context?.run(commands, json: json) else { throw .unavailable }
                    return .success(output)
                } catch {
                    return .failure(error)
                }
            }
        }
        return try outcome.get()
    }

    /// Forgets the context and its memory; the next run makes a new one.
    package func close() {
        context.withLock { context in libraryLock.withLock { _ in context = nil } }
    }
}

/// libnftables' parser, ruleset cache and mnl layer share globals between contexts.
private let libraryLock = Mutex(())

/// One `nft_ctx`, with output and errors kept in memory.
@safe private struct Context: ~Copyable, @unchecked Sendable {
    // Safe and unchecked: this value is the pointer's only owner, and only ``Nftables/run(_:json:)`` uses it, under its locks.
    private let handle: OpaquePointer

    init() throws(NftablesError) {
        if let problem = unsafe cnftables_load() { throw .unloadable(unsafe String(cString: problem)) }
        guard let made = unsafe nft_ctx_new(UInt32(NFT_CTX_DEFAULT)) else { throw .unavailable }
        guard unsafe nft_ctx_buffer_output(made) == 0, unsafe nft_ctx_buffer_error(made) == 0 else {
            unsafe nft_ctx_free(made)
            throw .unavailable
        }
        unsafe handle = made
    }

    deinit { unsafe nft_ctx_free(handle) }

    func run(_ commands: String, json: Bool) throws(NftablesError) -> String {
        let flags = json ? UInt32(NFT_CTX_OUTPUT_JSON) : 0
        unsafe nft_ctx_output_set_flags(handle, flags)
        let status = unsafe commands.withCString { unsafe nft_run_cmd_from_buffer(handle, $0) }
        let errno = Glibc.errno
        // Reading a buffer empties it, so both are read whatever the outcome.
        let output = unsafe String(cString: nft_ctx_get_output_buffer(handle))
        let messages = unsafe String(cString: nft_ctx_get_error_buffer(handle))
        guard status == 0 else { throw NftablesError(commands: commands, messages: messages, errno: errno) }
        return output
    }
}
