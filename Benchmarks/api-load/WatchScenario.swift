import APIMachinery
import NIOCore

extension Scenarios {
    /// Writes at a rate, and how long each takes to reach the first and the last of the watchers.
    func watch(watchers count: Int, writes: Int, rate: Int) async throws {
        let place = try await makePlace()
        let writer = try await pool.connect(HTTP1Wire.self)
        let list = try await writer.call(Request(path: "\(place)/configmaps"))
        let revision = try JSONValue(parsing: Array(list.body.readableBytesView))["metadata"]?["resourceVersion"]?.stringValue ?? "0"
        let before = target.process.proportionalKiB
        let loop = pool.loop
        let record = try await loop.submit {
            NIOLoopBound(WatchRecord(watchers: count, writes: writes, loop: loop), eventLoop: loop)
        }.get()
        let request = Request(path: "\(place)/configmaps?watch=1&resourceVersion=\(revision)&timeoutSeconds=600")
        var connections: [NIOLoopBound<EventCounter>] = []
        for _ in 0..<count { connections.append(try await pool.open { _ in EventCounter(request: request, record: record.value) }) }
        try await loop.flatSubmit { record.value.allBegun }.get()
        Report.number("watch-\(count).kib-each", (target.process.proportionalKiB - before) / Double(count))
        let work = Work(numbers: Numbers(count: writes), interval: .nanoseconds(1_000_000_000 / Int64(rate))) { number in
            record.value.sent()
            return Operation.create.request(number, in: place)
        }
        try await measureLoad("watch-\(count).create", operations: writes, target.process) {
            let samples = try await writer.run(work)
            try await loop.flatSubmit { record.value.allArrived }.get()
            return samples
        }
        let (each, last) = try await loop.submit { (record.value.each, record.value.last) }.get()
        each.report("watch-\(count).each")
        last.report("watch-\(count).last")
        Report.number("watch-\(count).kib-each-after", (target.process.proportionalKiB - before) / Double(count))
        withExtendedLifetime(connections) {}
    }
}

/// When writes were sent, and when their events came. Confined to the loop.
final class WatchRecord {
    private let watchers: Int
    private let writes: Int
    private var begun = 0
    private var sentAt: [UInt64] = []
    private var arrivals: [Int]
    private var arrived = 0
    private(set) var each = Samples()
    /// To the last of the watchers.
    private(set) var last = Samples()
    private let begunPromise: EventLoopPromise<Void>
    private let arrivedPromise: EventLoopPromise<Void>

    init(watchers: Int, writes: Int, loop: any EventLoop) {
        self.watchers = watchers
        self.writes = writes
        arrivals = Array(repeating: 0, count: writes)
        begunPromise = loop.makePromise()
        arrivedPromise = loop.makePromise()
        let arrivedPromise = arrivedPromise
        loop.scheduleTask(in: .seconds(120)) { arrivedPromise.fail(LoadError("events are missing after 120 s")) }
    }

    var allBegun: EventLoopFuture<Void> { begunPromise.futureResult }
    var allArrived: EventLoopFuture<Void> { arrivedPromise.futureResult }

    func watchBegan() {
        begun += 1
        if begun == watchers { begunPromise.succeed() }
    }

    func sent() { sentAt.append(Samples.now) }

    /// - Parameter number: Of the event at its watcher, which is the number of the write.
    func eventCame(_ number: Int, at time: UInt64) {
        guard number < writes else { return }
        each.add(from: sentAt[number], to: time)
        arrivals[number] += 1
        arrived += 1
        if arrivals[number] == watchers { last.add(from: sentAt[number], to: time) }
        if arrived == watchers * writes { arrivedPromise.succeed() }
    }

    func failed(_ error: any Error) {
        begunPromise.fail(error)
        arrivedPromise.fail(error)
    }
}

/// One watch. Every event is one line of JSON: a line feed that no carriage return precedes ends it, the others are HTTP's.
final class EventCounter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: Request
    private let record: WatchRecord
    private var count = 0
    private var previous: UInt8 = 0
    private var hasBegun = false

    init(request: Request, record: WatchRecord) {
        self.request = request
        self.record = record
    }

    func channelActive(context: ChannelHandlerContext) {
        var wire = HTTP1Wire()
        context.writeAndFlush(wrapOutboundOut(wire.encode(request)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if !hasBegun {
            hasBegun = true
            record.watchBegan()
        }
        let time = Samples.now
        bytes.readableBytesView.withUnsafeBytes { bytes in
            for byte in bytes {
                if byte == 0x0A, previous != 0x0D {
                    record.eventCame(count, at: time)
                    count += 1
                }
                previous = byte
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) { record.failed(LoadError("the server closed a watch")) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        record.failed(error)
        context.close(promise: nil)
    }
}
