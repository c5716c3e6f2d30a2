package io.holdfast.node.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import io.holdfast.journal.Command;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.FaultyStorage;
import io.holdfast.journal.Journal;
import io.holdfast.node.config.ConfigLoader;
import io.holdfast.node.config.NodeConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --accept-loss}: what an operator's word changes in a journal, and what it does not touch. */
class AcceptedLossTest {
    @TempDir
    Path dir;

    private NodeConfig node(String durability) throws IOException {
        return ConfigLoader.load(Files.writeString(dir.resolve("node.yaml"), """
                node: n1
                dataDir: %s
                cluster:
                  - {name: n1, address: 10.77.0.11}
                services:
                  - name: redis
                    vip: 10.77.0.100/24
                    interface: eth0
                    groupPort: 7800
                    journal: {durability: %s}
                    workload:
                      command: [/usr/bin/redis-server]
                """.formatted(dir, durability)));
    }

    private static Path journalDir(NodeConfig node) {
        return ServiceReplica.journalDir(node.serviceDir(node.services().get(0)));
    }

    private static Journal open(NodeConfig node) {
        return Journal.open(journalDir(node), node.services().get(0).journal().options("redis"));
    }

    /** A process that dies under another start of the kernel than this one. */
    private static void diedBeforeTheMachineStarted(NodeConfig node) throws IOException {
        FaultyStorage disk = new FaultyStorage(journalDir(node));
        Journal journal = disk.openJournal(node.services().get(0).journal().options("redis"));
        byte[] command = Command.encode(EntryKind.EVENT, 0, 1, new byte[8]);
        journal.append(1, false, command, 0, command.length);
        disk.kill(journal);
    }

    @Test
    void aNodeThatMayHaveLostEntriesCountsAgain() throws IOException {
        NodeConfig node = node("process");
        diedBeforeTheMachineStarted(node);
        try (Journal journal = open(node)) {
            assertThat(journal.mayHaveForgotten()).isTrue();
        }
        assertThat(AcceptedLoss.accept(node)).containsExactly("redis");
        try (Journal journal = open(node)) {
            assertThat(journal.mayHaveForgotten()).isFalse();
            assertThat(journal.lastIndex()).as("what is there stays").isEqualTo(1);
        }
        assertThat(AcceptedLoss.accept(node)).as("said once").isEmpty();
    }

    @Test
    void whereEntriesAreForcedThereIsNothingToAccept() throws IOException {
        NodeConfig node = node("disk");
        diedBeforeTheMachineStarted(node);
        assertThat(AcceptedLoss.accept(node)).isEmpty();
    }
}
