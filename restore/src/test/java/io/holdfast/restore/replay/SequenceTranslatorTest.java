package io.holdfast.restore.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.capture.Checksums;
import io.holdfast.capture.TcpView;
import io.holdfast.restore.connection.SegmentBuilder;
import io.holdfast.restore.connection.TcpTuple;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class SequenceTranslatorTest {
    private static SegmentBuilder segment() {
        return new SegmentBuilder(TcpTuple.parse("10.0.0.1:40000->10.0.0.100:6379"));
    }

    @Property
    void movesAcknowledgementAndBlocksByTheSameDistance(@ForAll int acknowledgement, @ForAll int delta, @ForAll int left) {
        SegmentBuilder segment = segment().sequence(5).acknowledgement(acknowledgement).timestamps(8, 9)
                .sack(left, left + 1448, left - 10_000, left - 9_000).payload(33);
        TcpView view = segment.view();
        SequenceTranslator.translate(view, view.acknowledgement() + delta, delta);
        assertThat(view.acknowledgement() - acknowledgement).isEqualTo(delta);
        assertThat(view.sackBlocks()).isEqualTo(2);
        assertThat(view.sackLeft(0)).isEqualTo(left + delta);
        assertThat(view.sackRight(0) - view.sackLeft(0)).isEqualTo(1448);
        assertThat(view.sackRight(1) - view.sackLeft(1)).isEqualTo(1000);
        assertThat(view.sequence()).isEqualTo(5);
        SequenceTranslator.translate(view, view.acknowledgement() - delta, -delta);
        Checksums.fill(view.packet());
        assertThat(view.packet().buffer().array()).isEqualTo(segment.bytes());
    }

    @Example
    void echoesOnlyWhereTheClientDid() {
        TcpView view = segment().timestamps(8, 9).view();
        SequenceTranslator.echo(view, 77);
        assertThat(view.timestampEcho()).isEqualTo(77);
        assertThat(view.timestampValue()).isEqualTo(8);
        TcpTuple tuple = TcpTuple.of(view);
        TcpView first = new SegmentBuilder(tuple).flags(TcpView.SYN).timestamps(8, 0).view();
        SequenceTranslator.echo(first, 77);
        assertThat(first.timestampEcho()).isZero();
        TcpView plain = new SegmentBuilder(tuple).view();
        SequenceTranslator.echo(plain, 77);
        assertThat(plain.hasTimestamps()).isFalse();
    }
}
