package io.holdfast.benchmarks.group;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.rpc.SupportedRpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/** Apache Ratis. Its state machine updater calls the events, the offering thread the rest. */
final class RatisContender extends BaseStateMachine implements Contender {
    private static final RaftGroupId GROUP = RaftGroupId.valueOf(
            UUID.nameUUIDFromBytes("holdfast bench".getBytes(StandardCharsets.US_ASCII)));

    private final Events events;
    private final ClientId client = ClientId.randomId();
    private volatile RaftServer server;
    private long call;

    private RatisContender(Events events) {
        this.events = events;
    }

    static Contender join(MemberPlaces places, Path dir, Timing timing, Events events) throws IOException {
        List<RaftPeer> peers = places.all().stream()
                .map(place -> RaftPeer.newBuilder().setId(place.name()).setAddress(place.address()).build()).toList();
        RatisContender contender = new RatisContender(events);
        contender.server = RaftServer.newBuilder().setServerId(RaftPeerId.valueOf(places.self()))
                .setGroup(RaftGroup.valueOf(GROUP, peers)).setStateMachine(contender)
                .setProperties(properties(places, dir, timing)).build();
        contender.server.start();
        return contender;
    }

    private static RaftProperties properties(MemberPlaces places, Path dir, Timing timing) {
        RaftProperties properties = new RaftProperties();
        RaftConfigKeys.Rpc.setType(properties, SupportedRpcType.GRPC);
        GrpcConfigKeys.Server.setPort(properties, places.own().port());
        RaftServerConfigKeys.setStorageDir(properties, List.of(dir.toFile()));
        // A commit waits for the write and not for the force, which is done meanwhile: the page cache, as with the others.
        RaftServerConfigKeys.Log.setUnsafeFlushEnabled(properties, true);
        RaftServerConfigKeys.Log.setSegmentSizeMax(properties, SizeInBytes.valueOf("256MB"));
        RaftServerConfigKeys.Log.setPreallocatedSize(properties, SizeInBytes.valueOf("64MB"));
        RaftServerConfigKeys.Log.Appender.setBufferByteLimit(properties, SizeInBytes.valueOf("1MB"));
        // By default a millisecond must pass between two messages to a follower: with one entry in flight that is all one sees.
        RaftServerConfigKeys.Log.Appender.setWaitTimeMin(properties, TimeDuration.ZERO);
        RaftServerConfigKeys.Write.setByteLimit(properties, SizeInBytes.valueOf("64MB"));
        // It remembers every answer for so long.
        RaftServerConfigKeys.RetryCache.setExpiryTime(properties, TimeDuration.valueOf(1, TimeUnit.SECONDS));
        int timeoutMs = timing == Timing.SHARP ? 150 : 2000;
        RaftServerConfigKeys.Rpc.setTimeoutMin(properties, TimeDuration.valueOf(timeoutMs, TimeUnit.MILLISECONDS));
        RaftServerConfigKeys.Rpc.setTimeoutMax(properties, TimeDuration.valueOf(timeoutMs * 2L, TimeUnit.MILLISECONDS));
        return properties;
    }

    /** It tells a new leader before it has committed anything: this entry comes after those of older terms. */
    @Override
    public void notifyLeaderChanged(RaftGroupMemberId member, RaftPeerId leader) {
        if (member.getPeerId().equals(leader)) {
            submit(Command.encode(EntryKind.EVENT, 0, 1, new byte[EntryLoad.SEQUENCE_BYTES]))
                    .thenAccept(reply -> {
                        if (reply.isSuccess()) {
                            events.leads();
                        }
                    });
        }
    }

    @Override
    public boolean leading() {
        try {
            return server.getDivision(GROUP).getInfo().isLeaderReady();
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public boolean offer(byte[] entry) {
        submit(entry.clone());
        return true;
    }

    private synchronized CompletableFuture<RaftClientReply> submit(byte[] entry) {
        RaftClientRequest request = RaftClientRequest.newBuilder().setClientId(client).setServerId(server.getId())
                .setGroupId(GROUP).setCallId(++call).setType(RaftClientRequest.writeRequestType())
                .setMessage(Message.valueOf(UnsafeByteOperations.unsafeWrap(entry))).build();
        try {
            return server.submitClientRequestAsync(request);
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
        ByteString data = transaction.getStateMachineLogEntry().getLogData();
        byte[] entry = data.toByteArray();
        events.committed(entry, 0, entry.length);
        return CompletableFuture.completedFuture(Message.EMPTY);
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
