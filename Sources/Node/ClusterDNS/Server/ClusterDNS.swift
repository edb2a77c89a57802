internal import APIMachinery
package import KubernetesClient
internal import NIOCore
internal import NIOPosix

/// The cluster's DNS server: names of services and pods from the API, everything else from other servers. UDP and TCP.
package final class ClusterDNS: Sendable {
    package struct Configuration: Sendable {
        /// IP addresses to listen on.
        package var addresses: [String]
        /// 0: any free one, the same for UDP and TCP.
        package var port = 53
        package var domain = "cluster.local"
        /// Nobody outside is asked for the names of addresses in these.
        package var serviceCIDRs: [String] = []
        /// IP addresses of servers that know the rest of the world.
        package var upstreams: [String] = []
        package var upstreamPort = 53
        /// Seconds that answers of the cluster may be kept.
        package var timeToLive: UInt32 = 5

        package init(addresses: [String]) { self.addresses = addresses }
    }

    private let channels: [any Channel]
    private let resolver: Resolver
    /// Of the first address.
    package let port: Int

    /// - Parameter informers: Of a client that may list and watch namespaces, services and endpointslices. They must run.
    /// - Throws: An address that cannot be listened on.
    package static func start(_ configuration: Configuration, informers: SharedInformers) async throws(DNSServerError) -> ClusterDNS {
        let directory = InformerDirectory(informers, serviceCIDRs: configuration.serviceCIDRs)
        let zone = ClusterZone(domain: DNSName(configuration.domain), timeToLive: configuration.timeToLive, directory: directory)
        let upstreams = configuration.upstreams.filter { !configuration.addresses.contains($0) }
        let resolver = Resolver(zone: zone, forwarder: Forwarder(upstreams: upstreams, port: configuration.upstreamPort)) {
            directory.services.isSynced && directory.slices.isSynced && directory.namespaces.isSynced
        }
        var channels: [any Channel] = []
        do {
            for address in configuration.addresses { channels += try await listen(address, configuration.port, resolver) }
        } catch {
            for channel in channels { channel.close(promise: nil) }
            throw error
        }
        return ClusterDNS(channels: channels, resolver: resolver)
    }

    private init(channels: [any Channel], resolver: Resolver) {
        (self.channels, self.resolver) = (channels, resolver)
        port = channels.first?.localAddress?.port ?? 0
    }

    private static func listen(_ address: String, _ port: Int, _ resolver: Resolver) async throws(DNSServerError) -> [any Channel] {
        do {
            let group = MultiThreadedEventLoopGroup.singleton
            let datagrams = try await DatagramBootstrap(group: group)
                .channelOption(.socketOption(.so_reuseaddr), value: 1)
                .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4096))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(DatagramQueries(resolver)) }
                }
                .bind(host: address, port: port).get()
            do {
                let actual = datagrams.localAddress?.port ?? port
                let streams = try await ServerBootstrap(group: group)
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .childChannelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandlers(
                                ByteToMessageHandler(LengthFrames()), IdleStateHandler(allTimeout: .seconds(10)), StreamQueries(resolver))
                        }
                    }
                    .bind(host: address, port: actual).get()
                return [datagrams, streams]
            } catch {
                datagrams.close(promise: nil)
                throw error
            }
        } catch {
            throw DNSServerError(description: "cluster DNS: listen on \(address) port \(port): \(error)")
        }
    }

    /// `swiftlet_dns_…` in Prometheus' text format.
    package var metricsText: String {
        let counts = resolver.counts
        return [
            ("swiftlet_dns_answers_total", "Questions about the cluster that were answered.", counts.answered.load(ordering: .relaxed)),
            ("swiftlet_dns_no_such_name_total", "Of these, names that do not exist.", counts.noSuchName.load(ordering: .relaxed)),
            ("swiftlet_dns_forwarded_total", "Questions that other servers were asked.", counts.forwarded.load(ordering: .relaxed)),
            ("swiftlet_dns_cache_hits_total", "Questions of others that memory answered.", counts.fromCache.load(ordering: .relaxed)),
        ].map { "# HELP \($0.0) \($0.1)\n# TYPE \($0.0) counter\n\($0.0) \($0.2)\n" }.joined()
    }

    package func stop() async {
        for channel in channels { try? await channel.close() }
    }
}

package struct DNSServerError: Error, CustomStringConvertible {
    package let description: String
}

private final class DatagramQueries: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>
    private let resolver: Resolver
    init(_ resolver: Resolver) { self.resolver = resolver }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        let (channel, sender) = (context.channel, envelope.remoteAddress)
        switch resolver.answer(Array(envelope.data.readableBytesView), limitsSize: true) {
        case .now(let message):
            context.write(wrapOutboundOut(AddressedEnvelope(remoteAddress: sender, data: ByteBuffer(bytes: message))), promise: nil)
        case .later(let find):
            Task {
                guard let message = await find() else { return }
                channel.writeAndFlush(AddressedEnvelope(remoteAddress: sender, data: ByteBuffer(bytes: message)), promise: nil)
            }
        case .nothing: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.flush() }
    /// A client that is gone answers with ICMP errors, which show here: the others go on.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

private final class StreamQueries: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let resolver: Resolver
    init(_ resolver: Resolver) { self.resolver = resolver }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = context.channel
        switch resolver.answer(Array(unwrapInboundIn(data).readableBytesView), limitsSize: false) {
        case .now(let message): channel.writeAndFlush(LengthFrames.framed(message), promise: nil)
        case .later(let find): Task { if let message = await find() { channel.writeAndFlush(LengthFrames.framed(message), promise: nil) } }
        case .nothing: context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) } else { context.fireUserInboundEventTriggered(event) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
