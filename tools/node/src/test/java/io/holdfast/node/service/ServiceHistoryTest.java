package io.holdfast.node.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import org.junit.jupiter.api.Test;

/** What entries say of the lease, and for whom it counts. */
class ServiceHistoryTest {
    private final ServiceHistory history = new ServiceHistory();
    private long index;

    @Test
    void aReturnedLeaseIsFreeForTheNextTermAlone_I2() {
        begin(1);
        say(EntryBodies.Event.LEASE_RETURNED, 1);
        begin(2);
        assertThat(history.leaseIsFree(2)).isTrue();
        assertThat(history.leaseIsFree(1)).isFalse();
        begin(3);
        assertThat(history.leaseIsFree(3)).as("the leader of term 2 may hold one").isFalse();
    }

    @Test
    void aLeaseThatWasTakenBackIsNotFree_I2() {
        begin(1);
        say(EntryBodies.Event.LEASE_RETURNED, 1);
        say(EntryBodies.Event.LEASE_RETAKEN, 1);
        begin(2);
        assertThat(history.leaseIsFree(2)).isFalse();
    }

    @Test
    void eventsOfLaterVersionsAreSkipped() {
        begin(1);
        say(EntryBodies.Event.LEASE_RETURNED, 1);
        say("SOMETHING_NEW", 1);
        begin(2);
        assertThat(history.leaseIsFree(2)).isTrue();
    }

    private void begin(long term) {
        apply(term, Command.encode(EntryKind.TERM_START, 0, 1, new byte[0]), EntryKind.TERM_START);
    }

    private void say(String what, long term) {
        apply(term, EntryBodies.command(EntryKind.EVENT, new EntryBodies.Event(what, "n1", term, "")), EntryKind.EVENT);
    }

    private void apply(long term, byte[] command, EntryKind kind) {
        history.onCommitted(++index, term, kind, command, 0, command.length);
    }
}
