import Glibc
import LinuxSystem

extension OwnedFD {
    var status: FileStatus {
        get throws(Errno) {
            var status = stat()
            try check(unsafe fstat(rawValue, &status))
            return FileStatus(status)
        }
    }

    /// Reads until the buffer is full or the file ends.
    ///
    /// - Returns: How many bytes were read.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        var done = 0
        while done < buffer.count {
            let count = unsafe Glibc.read(rawValue, buffer.baseAddress! + done, buffer.count - done)
            if count < 0 {
                let error = Errno.current
                if error == .interrupted { continue }
                throw error
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(Errno) {
        var done = 0
        while done < bytes.count {
            let count = unsafe Glibc.write(rawValue, bytes.baseAddress! + done, bytes.count - done)
            if count < 0 {
                let error = Errno.current
                if error == .interrupted { continue }
                throw error
            }
            done += count
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(Errno) {
        var done = 0
        while done < bytes.count {
            let count = unsafe pwrite(rawValue, bytes.baseAddress! + done, bytes.count - done, Int(offset) + done)
            if count < 0 {
                let error = Errno.current
                if error == .interrupted { continue }
                throw error
            }
            done += count
        }
    }

    func write(_ bytes: [UInt8]) throws(Errno) {
        try unsafe bytes.span.bytes.withUnsafeBytes { (buffer) throws(Errno) in unsafe try write(buffer) }
    }

    /// The whole file.
    ///
    /// - Returns: nil when it has more than `limit` bytes.
    func readAll(limit: Int) throws(Errno) -> [UInt8]? {
        var bytes: [UInt8] = []
        let chunk = 64 << 10
        while bytes.count <= limit {
            var failure: Errno?
            let part = unsafe [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
                do throws(Errno) { count = unsafe try read(into: UnsafeMutableRawBufferPointer(buffer)) } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            bytes += part
            if part.count < chunk { break }
        }
        return bytes.count > limit ? nil : bytes
    }
}

extension Directory {
    /// A whole file of this directory, nil when it has more than `limit` bytes.
    func contents(of name: RawPath, limit: Int) throws(Errno) -> [UInt8]? {
        try open(name, flags: O_RDONLY | O_NONBLOCK).readAll(limit: limit)
    }

    /// Replaces a file in one step: temporary file, fsync, rename, fsync of the directory.
    ///
    /// A crash leaves the old content, and perhaps a file whose name starts with `.tmp-`.
    func writeAtomically(_ bytes: [UInt8], to name: RawPath, mode: UInt32 = 0o644) throws(Errno) {
        let temporary: RawPath = ".tmp-\(getpid())-\(name)"
        do {
            let file = try open(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
            try file.write(bytes)
            try check(fsync(file.rawValue))
            try rename(temporary, to: self, as: name)
            try sync()
        } catch {
            try? unlink(temporary)
            throw error
        }
    }

    /// The names in this directory without `.` and `..`, in no order.
    func names() throws(Errno) -> [RawPath] {
        let copy = try open(".", flags: O_RDONLY | O_DIRECTORY).release()  // an own read position
        guard let stream = unsafe fdopendir(copy) else {
            let error = Errno.current
            _ = close(copy)
            throw error
        }
        defer { _ = unsafe closedir(stream) }
        var names: [RawPath] = []
        errno = 0
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { field in
                unsafe RawPath(bytes: field.prefix { $0 != 0 })
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        if errno != 0 { throw Errno.current }
        return names
    }
}
