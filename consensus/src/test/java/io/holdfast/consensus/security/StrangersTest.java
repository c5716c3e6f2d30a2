package io.holdfast.consensus.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;

import org.junit.jupiter.api.Test;

class StrangersTest {
    private final InetAddress member = at("10.0.0.1");
    private final Strangers<String> strangers = new Strangers<>(member::equals);

    private static InetAddress at(String address) {
        try {
            return InetAddress.getByName(address);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Test
    void whereSomebodyIsExpectedTheOldestGoesAndNobodyElse() {
        assertThat(strangers.add("another", at("10.0.0.9"))).isNull();
        for (int i = 0; i < Strangers.MAX_OF_AN_ADDRESS; i++) {
            assertThat(strangers.add("m" + i, member)).isNull();
        }
        assertThat(strangers.remove("m1")).isTrue();
        assertThat(strangers.add("m8", member)).isNull();
        assertThat(strangers.hasRoom(member)).isTrue();
        assertThat(strangers.add("m9", member)).isEqualTo("m0");
        assertThat(strangers.remove("m0")).isFalse();
        assertThat(strangers.add("m10", member)).isEqualTo("m2");
    }

    @Test
    void fromElsewhereTheNewestFindsNoRoom() {
        for (int i = 0; i < Strangers.MAX_OF_AN_ADDRESS; i++) {
            assertThat(strangers.hasRoom(at("10.0.0.9"))).isTrue();
            strangers.add("a" + i, at("10.0.0.9"));
        }
        assertThat(strangers.hasRoom(at("10.0.0.9"))).isFalse();
        assertThat(strangers.hasRoom(at("10.0.0.8"))).isTrue();
        strangers.remove("a3");
        assertThat(strangers.hasRoom(at("10.0.0.9"))).isTrue();
    }

    @Test
    void manyAddressesTogetherLeaveTheMembersTheirs() {
        for (int i = 0; strangers.hasRoom(at("10.1.0." + i)); i++) {
            strangers.add("s" + i, at("10.1.0." + i));
            assertThat(i).isLessThan(Strangers.MAX_UNEXPECTED);
        }
        assertThat(strangers.hasRoom(at("10.1.1.1"))).isFalse();
        assertThat(strangers.hasRoom(member)).isTrue();
        assertThat(strangers.add("m", member)).isNull();
    }
}
