package io.holdfast.restore.connection;

import static io.holdfast.capture.TcpView.ACK;
import static io.holdfast.capture.TcpView.FIN;
import static io.holdfast.capture.TcpView.RST;
import static io.holdfast.capture.TcpView.SYN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.holdfast.capture.Ipv4Packet;
import io.holdfast.capture.TcpView;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class ConnectionTableTest {
    private static final int SERVER_ISN = 7_000;
    private static final int CLIENT_ISN = 500;
    private static final long SECOND = 1_000_000_000L;
    private final TcpTuple tuple = TcpTuple.parse("10.0.0.1:40000->10.0.0.100:6379");
    private final ConnectionTable table = new ConnectionTable(64);
    private long index;

    private void apply(SegmentBuilder segment) {
        index++;
        table.apply(index, index * SECOND, segment.view());
    }

    private SegmentBuilder syn(int isn) {
        return new SegmentBuilder(tuple).flags(SYN).sequence(isn).timestamps(1, 0);
    }

    private SegmentBuilder ack(int sequence, int acknowledgement) {
        return new SegmentBuilder(tuple).flags(ACK).sequence(sequence).acknowledgement(acknowledgement);
    }

    private Connection open(int clientIsn, int serverIsn) {
        apply(syn(clientIsn));
        apply(ack(clientIsn + 1, serverIsn + 1).timestamps(2, 900));
        return table.find(tuple);
    }

    @Example
    void learnsTheServersInitialNumberFromTheFirstAcknowledgement() {
        apply(syn(CLIENT_ISN));
        assertThat(table.find(tuple).state()).isEqualTo(ConnectionState.SYN_SEEN);
        assertThat(table.find(tuple).isHandshakePending()).isTrue();
        apply(ack(CLIENT_ISN + 1, SERVER_ISN + 1).timestamps(2, 900).payload(10));
        Connection connection = table.find(tuple);
        assertThat(connection.state()).isEqualTo(ConnectionState.OPEN);
        assertThat(connection.serverIsn()).isEqualTo(SERVER_ISN);
        assertThat(connection.clientSequenceEnd()).isEqualTo(CLIENT_ISN + 11);
        assertThat(connection.synIndex()).isEqualTo(1);
        assertThat(connection.isHandshakePending()).isFalse();
    }

    @Property
    void wrapsAroundWithTheNumbers(@ForAll int clientIsn, @ForAll int serverIsn) {
        ConnectionTable own = new ConnectionTable(16);
        own.apply(1, 1, syn(clientIsn).view());
        own.apply(2, 2, ack(clientIsn + 1, serverIsn + 1).view());
        for (int i = 1; i <= 5; i++) {
            own.apply(2 + i, 2 + i, ack(clientIsn + 1 + (i - 1) * 60_000, serverIsn + 1 + i * 1_000_000).payload(60_000).view());
        }
        own.apply(8, 8, ack(clientIsn + 1, serverIsn + 1).payload(60_000).view()); // late, out of order
        Connection connection = own.find(tuple);
        assertThat(connection.serverIsn()).isEqualTo(serverIsn);
        assertThat(connection.highestAck()).isEqualTo(serverIsn + 5_000_001);
        assertThat(connection.clientSequenceEnd()).isEqualTo(clientIsn + 1 + 300_000);
    }

    @Example
    void aRepeatedSynChangesNothing() {
        Connection connection = open(CLIENT_ISN, SERVER_ISN);
        apply(syn(CLIENT_ISN));
        assertThat(connection.state()).isEqualTo(ConnectionState.OPEN);
        assertThat(connection.isHandshakePending()).isFalse();
        assertThat(connection.synIndex()).isEqualTo(1);
    }

    @Example
    void aSynOnAConnectionThatIsOverBeginsANewOne() {
        open(CLIENT_ISN, SERVER_ISN);
        table.survived(tuple, 77);
        apply(new SegmentBuilder(tuple).flags(RST).sequence(CLIENT_ISN + 1));
        assertThat(table.find(tuple).state()).isEqualTo(ConnectionState.RESET);
        apply(syn(90_000));
        assertThat(table.find(tuple).state()).isEqualTo(ConnectionState.SYN_SEEN);
        assertThat(table.find(tuple).synIndex()).isEqualTo(4);
        assertThat(table.find(tuple).delta()).isZero();
        assertThat(table.find(tuple).takeoversSurvived()).isZero();
    }

    @Example
    void aSynOnAnOpenConnectionCountsOnceTheClientGoesOnWithIt() {
        Connection connection = open(CLIENT_ISN, SERVER_ISN);
        apply(syn(900_000_000));
        assertThat(connection.state()).isEqualTo(ConnectionState.OPEN);
        assertThat(connection.isHandshakePending()).isTrue();
        assertThat(connection.pendingSynIndex()).isEqualTo(3);
        apply(ack(900_000_001, 55_556));
        assertThat(connection.state()).isEqualTo(ConnectionState.OPEN);
        assertThat(connection.serverIsn()).isEqualTo(55_555);
        assertThat(connection.synIndex()).isEqualTo(3);
    }

    @Example
    void aForgedSynDoesNotDisturbAnOpenConnection() {
        Connection connection = open(CLIENT_ISN, SERVER_ISN);
        table.survived(tuple, 12);
        apply(syn(900_000_000));
        apply(ack(CLIENT_ISN + 1, SERVER_ISN + 100).payload(5));
        assertThat(connection.serverIsn()).isEqualTo(SERVER_ISN);
        assertThat(connection.highestAck()).isEqualTo(SERVER_ISN + 100);
        assertThat(connection.delta()).isEqualTo(12);
    }

    @Example
    void aForgedResetOrAcknowledgementFarAwayIsNotBelieved() {
        Connection connection = open(CLIENT_ISN, SERVER_ISN);
        apply(new SegmentBuilder(tuple).flags(RST).sequence(CLIENT_ISN + 1_000_000_000));
        apply(ack(CLIENT_ISN + 1_000_000_000, SERVER_ISN + 1_000).payload(1));
        apply(ack(CLIENT_ISN + 1, SERVER_ISN + 2_000_000_000).payload(1));
        assertThat(connection.state()).isEqualTo(ConnectionState.OPEN);
        assertThat(connection.highestAck()).isEqualTo(SERVER_ISN + 1);
        assertThat(table.strangers()).isEqualTo(2);
    }

    @Example
    void keepsTheLatestEchoAndWhenItCame() {
        Connection connection = open(CLIENT_ISN, SERVER_ISN);
        apply(ack(CLIENT_ISN + 1, SERVER_ISN + 1).timestamps(10, 950));
        apply(ack(CLIENT_ISN + 1, SERVER_ISN + 1).timestamps(9, 940)); // overtaken on the way
        assertThat(connection.lastTsecr()).isEqualTo(950);
        assertThat(connection.lastTsval()).isEqualTo(10);
        assertThat(connection.lastTsecrEpochNanos()).isEqualTo(3 * SECOND);
    }

    @Example
    void aFinEndsTheClientsSide() {
        Connection connection = open(CLIENT_ISN, SERVER_ISN);
        apply(ack(CLIENT_ISN + 1, SERVER_ISN + 1).flags(ACK | FIN).payload(3));
        assertThat(connection.state()).isEqualTo(ConnectionState.CLIENT_FIN);
        assertThat(connection.clientSequenceEnd()).isEqualTo(CLIENT_ISN + 5);
        table.closed(tuple);
        assertThat(connection.state()).isEqualTo(ConnectionState.CLOSED);
    }

    @Example
    void segmentsOfUnknownConnectionsAreCountedOnly() {
        apply(ack(1, 1).payload(100));
        assertThat(table.size()).isZero();
        assertThat(table.strangers()).isEqualTo(1);
    }

    @Example
    void aFullTableForgetsWhatIsOverFirstThenHandshakesThenTheSilent() {
        TcpTuple over = TcpTuple.parse("10.0.1.1:1->10.0.0.100:1");
        table.apply(++index, index, new SegmentBuilder(over).flags(SYN).sequence(1).view());
        table.apply(++index, index, new SegmentBuilder(over).flags(RST).sequence(2).view());
        Connection kept = open(CLIENT_ISN, SERVER_ISN);
        for (int port = 1; port <= 1000; port++) {
            table.apply(++index, index, new SegmentBuilder(new TcpTuple(99, port, 100, 80)).flags(SYN).view());
            assertThat(table.size()).isLessThanOrEqualTo(64);
        }
        assertThat(table.find(over)).isNull();
        assertThat(table.find(tuple)).isSameAs(kept);
        assertThat(table.find(new TcpTuple(99, 1000, 100, 80))).isNotNull();
        assertThat(table.evicted()).isEqualTo(1002 - table.size());
    }

    @Example
    void comesBackFromJson() {
        open(-5, -1_000);
        table.survived(tuple, -123_456);
        apply(syn(44));
        TableRecord record = table.toRecord();
        TableRecord read = TableRecord.fromJson(record.toJson());
        assertThat(read).isEqualTo(record);
        ConnectionTable again = ConnectionTable.of(read, 64);
        assertThat(again.toRecord()).isEqualTo(record);
        assertThat(again.find(tuple).delta()).isEqualTo(-123_456);
        assertThat(again.find(tuple).serverIsn()).isEqualTo(-1_000);
        assertThatThrownBy(() -> TableRecord.fromJson("{\"lastIndex\": \"x\"}")).isInstanceOf(IllegalArgumentException.class);
    }

    @Property(tries = 200)
    void sameEntriesSameTableWhateverTheySay(@ForAll long seed) {
        ConnectionTable one = new ConnectionTable(16);
        ConnectionTable half = new ConnectionTable(16);
        Random random = new Random(seed);
        ConnectionTable resumed = null;
        for (int i = 1; i <= 400; i++) {
            TcpView segment = new SegmentBuilder(new TcpTuple(1, random.nextInt(24), 2, 80)).flags(random.nextInt(64))
                    .sequence(random.nextInt(4) * 1_000_000_000).acknowledgement(random.nextInt())
                    .timestamps(random.nextInt(), random.nextInt()).payload(random.nextInt(30)).view();
            one.apply(i, i, segment);
            if (i == 200) {
                resumed = ConnectionTable.of(TableRecord.fromJson(half.toRecord().toJson()), 16);
                resumed.apply(i, i, segment);
            } else {
                (resumed == null ? half : resumed).apply(i, i, segment);
            }
        }
        assertThat(resumed.toRecord()).isEqualTo(one.toRecord());
    }

    @Example
    void aPacketOfAKnownConnectionAllocatesNothing() {
        open(CLIENT_ISN, SERVER_ISN);
        byte[] bytes = ack(CLIENT_ISN + 1, SERVER_ISN + 1).timestamps(5, 950).payload(10).bytes();
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length).put(0, bytes);
        Ipv4Packet header = new Ipv4Packet();
        TcpView segment = new TcpView();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int rounds = 200_000;
        long allocated = 0;
        for (int i = 0; i < 2 * rounds; i++) {
            if (i == rounds) {
                allocated = threads.getCurrentThreadAllocatedBytes();
            }
            header.wrap(buffer, 0, bytes.length);
            segment.wrap(header);
            table.apply(++index, index, segment);
        }
        allocated = threads.getCurrentThreadAllocatedBytes() - allocated;
        assertThat(allocated).as("bytes in %d packets", rounds).isLessThan(rounds);
    }
}
