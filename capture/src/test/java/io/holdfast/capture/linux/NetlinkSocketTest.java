package io.holdfast.capture.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.NetworkInterface;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class NetlinkSocketTest {
    private static final int RTM_GETLINK = 18;
    private static final int RTM_NEWADDR = 20;
    private static final int IFLA_IFNAME = 3;

    @Test
    void aDumpListsTheInterfacesJavaSees() throws Exception {
        List<String> names = new ArrayList<>();
        NetlinkWriter writer = new NetlinkWriter(256);
        try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE)) {
            writer.begin(RTM_GETLINK, NetlinkWriter.NLM_F_DUMP).putBytes(new byte[16]).end();
            socket.request("RTM_GETLINK", writer, message -> {
                NetlinkAttributes attributes = message.attributes(new NetlinkAttributes(), 16);
                assertThat(attributes.find(IFLA_IFNAME)).isTrue();
                names.add(attributes.string());
            });
        }
        assertThat(names).contains("lo");
        for (NetworkInterface each : NetworkInterface.networkInterfaces().toList()) {
            assertThat(names).contains(each.getName());
        }
    }

    @Test
    void aRefusalCarriesTheErrorNumberAndTheKernelsWords() {
        NetlinkWriter writer = new NetlinkWriter(256);
        try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE)) {
            // ifaddrmsg for interface 2147483647, without an address
            writer.begin(RTM_NEWADDR, NetlinkWriter.NLM_F_CREATE)
                    .putU8(LibC.AF_INET).putU8(24).putU8(0).putU8(0).putU32(Integer.MAX_VALUE).end();
            assertThatThrownBy(() -> socket.request("RTM_NEWADDR", writer))
                    .isInstanceOfSatisfying(SystemCallException.class, e -> {
                        assertThat(e.errno()).isIn(Errno.EINVAL, Errno.ENODEV, Errno.EPERM);
                        assertThat(e).hasMessageContaining("RTM_NEWADDR").hasMessageContaining("errno " + e.errno());
                    });
            assertThat(socket.lastErrorText()).isNotEmpty();
            writer.clear().begin(RTM_GETLINK, NetlinkWriter.NLM_F_DUMP).putBytes(new byte[16]).end();
            socket.request("the socket still works", writer);
        }
    }

    @Test
    void systemCallsReturnTheNegatedErrorNumber() {
        assertThat(LibC.close(-1)).isEqualTo(-Errno.EBADF);
        assertThatThrownBy(() -> LibC.check("close", LibC.close(-1)))
                .isInstanceOf(SystemCallException.class).hasMessage("close: Bad file descriptor (errno 9)");
    }

    /** Six parameters, which the library beneath gets wrong by itself, see LibC.Functions. */
    @Test
    void callsOfSixParametersPassThemAll() {
        try (Descriptor a = Descriptor.socket(LibC.AF_INET, LibC.SOCK_DGRAM, 0, "a");
                Descriptor b = Descriptor.socket(LibC.AF_INET, LibC.SOCK_DGRAM, 0, "b")) {
            ByteBuffer loopback = LibC.direct(20).putShort(0, (short) LibC.AF_INET).put(4, (byte) 127).put(7, (byte) 1);
            long address = LibC.addressOf(loopback);
            loopback.putInt(16, 16);
            LibC.check("bind", LibC.bind(a.number(), address, 16));
            LibC.check("getsockname", LibC.getsockname(a.number(), address, address + 16));
            ByteBuffer data = LibC.direct(32).putInt(0, 4711).putInt(28, 16);
            long dataAddress = LibC.addressOf(data);
            assertThat(LibC.sendto(b.number(), dataAddress, 4, 0, address, 16)).isEqualTo(4);
            assertThat(LibC.recvfrom(a.number(), dataAddress + 4, 8, 0, dataAddress + 12, dataAddress + 28)).isEqualTo(4);
            assertThat(data.getInt(4)).isEqualTo(4711);
            assertThat(data.getInt(28)).isEqualTo(16);
            assertThat(data.get(16)).isEqualTo((byte) 127);
            assertThat(LibC.syscall(434, -1, 0, 0)).as("pidfd_open(-1)").isEqualTo(-Errno.EINVAL);
        }
    }

    @Test
    void anEventFdWakesAPoll() {
        try (EventFd event = new EventFd()) {
            PollSet poll = new PollSet(event.number());
            assertThat(poll.await(0)).isZero();
            event.signal();
            event.signal();
            assertThat(poll.await(1000)).isOne();
            assertThat(poll.isReadable(0)).isTrue();
            assertThat(event.clear()).isTrue();
            assertThat(event.clear()).isFalse();
            assertThat(poll.await(0)).isZero();
        }
    }
}
