import Glibc
import LinuxSystem

/// A file read from its start to its end, with the share that is done.
final class FileSource {
    private let file: OwnedFD
    private let name: String
    private let progress: (Int64, Int64?) -> Void
    private var completedBytes: Int64 = 0
    private let totalBytes: Int64?

    /// - Parameter progress: Told the bytes read and those there are, nil for a pipe.
    init(_ file: consuming OwnedFD, name: String, progress: @escaping (Int64, Int64?) -> Void) throws(ImageError) {
        do {
            let status = try file.status
            totalBytes = status.kind == .file ? status.size : nil
        } catch { throw .failed("read \(name)", error) }
        self.file = file
        self.name = name
        self.progress = progress
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        do {
            let count = unsafe try file.read(into: buffer)
            completedBytes += Int64(count)
            progress(completedBytes, totalBytes)
            return count
        } catch { throw .failed("read \(name)", error) }
    }
}
