internal import APIMachinery
internal import CZlib

/// gzip (RFC 1952) of whole bodies, as fast as it goes: level 1.
enum Compression {
    /// Whether a response is worth compressing for this client.
    static func applies(
        to response: APIResponse, peer: Peer, traits: RequestTraits, configuration: HTTPServerConfiguration
    ) -> Bool {
        guard traits.acceptsGzip, configuration.compressesForLoopback || !peer.isLoopback else { return false }
        guard response.headers["Content-Encoding"] == nil else { return false }
        switch response.body {
        case .bytes(let bytes): return bytes.count >= configuration.compressionThresholdBytes
        case .parts(let parts): return parts.reduce(0) { $0 + $1.count } >= configuration.compressionThresholdBytes
        case .stream, .upgrade: return false
        }
    }

    /// Not on the caller's thread: it takes about 10 ms for a megabyte.
    @concurrent
    static func compressed(_ response: APIResponse) async -> APIResponse {
        var answer = response
        switch response.body {
        case .bytes(let bytes): answer.body = .parts(gzip([bytes]))
        case .parts(let parts): answer.body = .parts(gzip(parts))
        case .stream, .upgrade: return response
        }
        answer.headers["Content-Encoding"] = "gzip"
        answer.headers.append("Vary", "Accept-Encoding")
        return answer
    }

    static func gzip(_ parts: [[UInt8]]) -> [[UInt8]] {
        var stream = unsafe z_stream()
        guard unsafe czlib_begin_gzip(&stream, 1) == Z_OK else { preconditionFailure("zlib has no memory for 256 KiB of state") }
        defer { _ = unsafe deflateEnd(&stream) }
        var output: [[UInt8]] = []
        for (index, part) in parts.enumerated() {
            let flush = index == parts.count - 1 ? Z_FINISH : Z_NO_FLUSH
            unsafe part.withUnsafeBufferPointer { bytes in
                // zlib does not write to its input; the field lacks a const.
                unsafe stream.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
                unsafe stream.avail_in = CUnsignedInt(bytes.count)
                unsafe deflateAll(&stream, flush, into: &output)
            }
        }
        return output
    }

    private static func deflateAll(_ stream: inout z_stream, _ flush: CInt, into output: inout [[UInt8]]) {
        let pieceBytes = 256 << 10
        var isOutputFull = true
        while isOutputFull {
            let piece = unsafe [UInt8](unsafeUninitializedCapacity: pieceBytes) { room, count in
                unsafe stream.next_out = room.baseAddress
                unsafe stream.avail_out = CUnsignedInt(pieceBytes)
                _ = unsafe deflate(&stream, flush)
                count = unsafe pieceBytes - Int(stream.avail_out)
            }
            isOutputFull = piece.count == pieceBytes
            if !piece.isEmpty { output.append(piece) }
        }
    }
}
