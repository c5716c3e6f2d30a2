package io.holdfast.capture.linux;

/**
 * Interfaces and addresses by rtnetlink(7), in the network namespace of the thread that opened it; owned by one thread.
 */
public final class RouteNetlink implements AutoCloseable {
    private static final int RTM_GETLINK = 18;
    private static final int RTM_NEWADDR = 20;
    private static final int RTM_DELADDR = 21;
    private static final int RTM_GETADDR = 22;
    private static final int IFINFOMSG_BYTES = 16;
    private static final int IFADDRMSG_BYTES = 8;
    private static final int IFLA_ADDRESS = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;
    private static final int IFF_UP = 1;

    private final NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE);
    private final NetlinkWriter writer = new NetlinkWriter(512);
    private final NetlinkAttributes attributes = new NetlinkAttributes();

    /** The hardware type of {@link Link} for Ethernet and what looks like it (ARPHRD_ETHER). */
    public static final int ETHERNET = 1;

    /** An interface: its number, type, hardware address (empty if it has none), whether it is administratively up. */
    public record Link(int index, int hardwareType, byte[] hardwareAddress, boolean isUp) {
    }

    /** Looks an interface up. @throws SystemCallException ENODEV if there is none of that name */
    public Link link(String name) {
        Link[] found = new Link[1];
        writer.clear().begin(RTM_GETLINK, 0).putBytes(new byte[IFINFOMSG_BYTES]).attribute(IFLA_IFNAME, name).end();
        socket.request("RTM_GETLINK " + name, writer, message -> {
            int index = message.buffer().getInt(message.payloadOffset() + 4);
            int hardwareType = message.buffer().getShort(message.payloadOffset() + 2) & 0xffff;
            int flags = message.buffer().getInt(message.payloadOffset() + 8);
            message.attributes(attributes, IFINFOMSG_BYTES);
            byte[] hardware = attributes.find(IFLA_ADDRESS) ? attributes.bytes() : new byte[0];
            found[0] = new Link(index, hardwareType, hardware, (flags & IFF_UP) != 0);
        });
        return found[0];
    }

    /** Adds an IPv4 address, first octet highest. Returns false if the interface has it already. */
    public boolean addAddress(int linkIndex, int address, int prefixLength) {
        int result = changeAddress(RTM_NEWADDR, NetlinkWriter.NLM_F_CREATE | NetlinkWriter.NLM_F_EXCL,
                linkIndex, address, prefixLength);
        if (result < 0 && result != -Errno.EEXIST) {
            throw new SystemCallException("RTM_NEWADDR", -result, socket.lastErrorText());
        }
        return result == 0;
    }

    /** Removes an IPv4 address. Returns false if the interface does not have it. */
    public boolean removeAddress(int linkIndex, int address, int prefixLength) {
        int result = changeAddress(RTM_DELADDR, 0, linkIndex, address, prefixLength);
        if (result < 0 && result != -Errno.EADDRNOTAVAIL && result != -Errno.ENODEV) {
            throw new SystemCallException("RTM_DELADDR", -result, socket.lastErrorText());
        }
        return result == 0;
    }

    private int changeAddress(int type, int flags, int linkIndex, int address, int prefixLength) {
        writer.clear().begin(type, flags);
        writer.putU8(LibC.AF_INET).putU8(prefixLength).putU8(0).putU8(0).putU32(linkIndex);
        writer.attributeU32Be(IFA_LOCAL, address).attributeU32Be(IFA_ADDRESS, address).end();
        return socket.tryRequest(writer);
    }

    /** Whether the interface has the IPv4 address, whatever its prefix. */
    public boolean hasAddress(int linkIndex, int address) {
        boolean[] found = new boolean[1];
        writer.clear().begin(RTM_GETADDR, NetlinkWriter.NLM_F_DUMP).putU8(LibC.AF_INET).putU8(0).putU8(0).putU8(0)
                .putU32(0).end();
        socket.request("RTM_GETADDR", writer, message -> {
            int index = message.buffer().getInt(message.payloadOffset() + 4);
            message.attributes(attributes, IFADDRMSG_BYTES);
            found[0] |= index == linkIndex && attributes.find(IFA_LOCAL) && attributes.u32Be() == address;
        });
        return found[0];
    }

    @Override
    public void close() {
        socket.close();
    }
}
