package io.holdfast.benchmarks.group;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import java.io.ByteArrayInputStream;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.jgroups.JChannel;
import org.jgroups.protocols.raft.Role;
import org.jgroups.raft.Options;
import org.jgroups.raft.RaftHandle;
import org.jgroups.raft.StateMachine;

/** jgroups-raft as it comes. Its runner calls the events, the offering thread the rest. */
final class JGroupsRaftContender implements Contender, StateMachine {
    private static final Options NO_ANSWER = Options.create(true);
    private static final long JOIN_TRIES = 20;

    private final Events events;
    private final JChannel channel;
    private final RaftHandle handle;

    private JGroupsRaftContender(JChannel channel, Events events) {
        this.channel = channel;
        this.events = events;
        handle = new RaftHandle(channel, this);
    }

    static Contender join(MemberPlaces places, Path dir, Timing timing, Events events) throws Exception {
        // A member that was killed a moment ago still counts in the view: joining under its name is refused until then.
        for (int attempt = 1; ; attempt++) {
            JChannel channel = new JChannel(new ByteArrayInputStream(stack(places, dir, timing).getBytes(StandardCharsets.UTF_8)));
            channel.setName(places.self());
            JGroupsRaftContender contender = new JGroupsRaftContender(channel, events);
            contender.handle.addRoleListener(contender::roleChanged);
            try {
                channel.connect("bench");
                return contender;
            } catch (Exception e) {
                channel.close();
                if (attempt == JOIN_TRIES) {
                    throw e;
                }
            }
        }
    }

    private static String stack(MemberPlaces places, Path dir, Timing timing) throws IOException {
        String stack;
        try (InputStream in = JGroupsRaftContender.class.getResourceAsStream("jgroups-raft.xml")) {
            stack = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        return stack.replace("@bind_addr@", places.own().host())
                .replace("@bind_port@", Integer.toString(places.own().port()))
                .replace("@fd_port@", Integer.toString(places.own().port() + 1))
                .replace("@hosts@", places.all().stream().map(p -> p.host() + "[" + p.port() + "]").collect(Collectors.joining(",")))
                .replace("@members@", places.all().stream().map(MemberPlaces.Place::name).collect(Collectors.joining(",")))
                .replace("@raft_id@", places.self())
                .replace("@log_dir@", dir.toString())
                .replace("@fd_timeout@", timing == Timing.SHARP ? "400" : "6000");
    }

    /** The library commits nothing of its own when it is elected: this entry stands for it. */
    private void roleChanged(Role role) {
        if (role == Role.Leader) {
            byte[] first = Command.encode(EntryKind.EVENT, 0, 1, new byte[EntryLoad.SEQUENCE_BYTES]);
            try {
                handle.setAsync(first, 0, first.length, NO_ANSWER).thenRun(events::leads);
            } catch (Exception e) {
                throw new IllegalStateException("the first entry is refused", e);
            }
        }
    }

    @Override
    public boolean leading() {
        return handle.isLeader();
    }

    /** It keeps the array. */
    @Override
    public boolean offer(byte[] entry) {
        if (!handle.isLeader()) {
            return false;
        }
        try {
            handle.setAsync(entry.clone(), 0, entry.length, NO_ANSWER);
            return true;
        } catch (Exception e) {
            return false;
        }
    }

    @Override
    public byte[] apply(byte[] data, int offset, int length, boolean serializeResponse) {
        events.committed(data, offset, length);
        return null;
    }

    @Override
    public void readContentFrom(DataInput in) {
        // No state.
    }

    @Override
    public void writeContentTo(DataOutput out) {
        // No state.
    }

    @Override
    public void close() {
        channel.close();
    }
}
