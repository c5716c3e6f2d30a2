package io.holdfast.consensus;

import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

import io.holdfast.journal.Journal;
import io.holdfast.journal.VoteStore;
import org.jgroups.Address;
import org.jgroups.Event;
import org.jgroups.Message;
import org.jgroups.protocols.raft.RAFT;
import org.jgroups.stack.Protocol;
import org.jgroups.stack.ProtocolStack;
import org.jgroups.util.ExtendedUUID;
import org.jgroups.util.Runner;
import org.jgroups.util.Util;

/** Owned by the test's thread, which takes the runner's turns itself: what is sent goes to the given wire. */
final class HandDrivenRaft extends GroupRaft {
    /** Takes what a member sends. */
    interface Wire {
        void sent(Message message);
    }

    private static final Doze NEVER_DOZES = new Doze() {
        @Override
        public void await(long nanos) {
            throw new IllegalStateException("the test takes the turns");
        }

        @Override
        public void takeIn() {
            throw new IllegalStateException("the test delivers the messages");
        }

        @Override
        public void wake() {
            // Nobody sleeps.
        }
    };

    private Runnable onSync = () -> { };

    HandDrivenRaft(GroupConfig config, Journal journal, VoteStore votes, GroupListener listener, LongSupplier clock,
                   RandomGenerator random, Wire wire, Executor beside) {
        super(config, journal, votes, listener, clock, random, NEVER_DOZES, beside);
        setAddress(addressOf(config.self(), random));
        setProtocolStack(new ProtocolStack());
        setDownProtocol(new Protocol() {
            @Override
            public Object down(Message message) {
                message.setSrc(HandDrivenRaft.this.getAddress());
                wire.sent(message);
                return null;
            }

            @Override
            public Object down(Event event) {
                return null;
            }
        });
    }

    /** Told after each sync that was asked for. */
    void onSync(Runnable told) {
        onSync = told;
    }

    @Override
    void syncIfAsked() {
        super.syncIfAsked();
        onSync.run();
    }

    HandDrivenRaft begin() {
        try {
            init();
            start();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        down(new Event(Event.CONNECT, "by hand"));
        return this;
    }

    @Override
    public void init() throws Exception {
        super.init();
        runner = new Runner("driven by hand", () -> LockSupport.parkNanos(1_000_000_000), null);
    }

    @Override
    public void start() throws Exception {
        super.start();
        runner.stop();
    }

    static Address addressOf(String name, RandomGenerator random) {
        return new ExtendedUUID(random.nextLong(), random.nextLong())
                .put(RAFT.raft_id_key, Util.stringToBytes(name));
    }
}
