package io.holdfast.cli.inspect;

import io.holdfast.journal.JournalEntry;
import java.nio.charset.StandardCharsets;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Owned by one thread: a filter expression as tcpdump takes it (pcap-filter(7)), compiled and run by libpcap itself.
 *
 * <p>libpcap is loaded when the first expression is given and not before: nothing else here needs it.
 */
final class PcapFilter {
    /** Packets begin with their IP header (DLT_RAW of pcap/dlt.h, on Linux). */
    private static final int DLT_RAW = 12;
    private static final int MAX_PACKET_BYTES = 65_535;
    private static final int PCAP_NETMASK_UNKNOWN = -1;
    /** struct bpf_program: u_int bf_len, and behind padding a pointer. */
    private static final int PROGRAM_BYTES = 16;
    /** struct pcap_pkthdr: struct timeval, u_int caplen, u_int len. */
    private static final int HEADER_BYTES = 24;
    private static final int CAPTURED_AT = 16;
    private static final int LENGTH_AT = 20;

    /** The functions of libpcap that are called, as pcap/pcap.h declares them; public because jnr-ffi demands it. */
    public interface LibPcap {
        Pointer pcap_open_dead(int linkType, int snapLength);

        int pcap_compile(Pointer handle, Pointer program, String expression, int optimize, int netmask);

        Pointer pcap_geterr(Pointer handle);

        void pcap_close(Pointer handle);

        int pcap_offline_filter(Pointer program, Pointer header, Pointer packet);
    }

    static final class Converter implements ITypeConverter<PcapFilter> {
        @Override
        public PcapFilter convert(String text) {
            return new PcapFilter(text);
        }
    }

    private final LibPcap pcap;
    private final Pointer program;
    private final Pointer header;
    private final Pointer bytes;

    private PcapFilter(String expression) {
        pcap = load();
        Runtime runtime = Runtime.getRuntime(pcap);
        program = Memory.allocateDirect(runtime, PROGRAM_BYTES, true);
        header = Memory.allocateDirect(runtime, HEADER_BYTES, true);
        bytes = Memory.allocateDirect(runtime, MAX_PACKET_BYTES);
        Pointer handle = pcap.pcap_open_dead(DLT_RAW, MAX_PACKET_BYTES);
        try {
            if (pcap.pcap_compile(handle, program, expression, 1, PCAP_NETMASK_UNKNOWN) != 0) {
                throw new TypeConversionException("'" + expression + "' is no filter expression: "
                        + pcap.pcap_geterr(handle).getString(0, 256, StandardCharsets.US_ASCII));
            }
        } finally {
            pcap.pcap_close(handle); // the program is a copy of its own, which lives as long as this process
        }
    }

    private static LibPcap load() {
        try {
            return LibraryLoader.create(LibPcap.class).failImmediately().load("libpcap.so.0.8");
        } catch (UnsatisfiedLinkError e) {
            throw new TypeConversionException("filter expressions need libpcap, which is not here: install Debian's libpcap0.8");
        }
    }

    boolean takes(JournalEntry entry, PacketView packet) {
        if (packet.kind() == PacketView.Kind.NONE || entry.bodyLength() > MAX_PACKET_BYTES) {
            return false;
        }
        bytes.put(0, entry.buffer(), entry.bodyOffset(), entry.bodyLength());
        header.putInt(CAPTURED_AT, entry.bodyLength());
        header.putInt(LENGTH_AT, entry.bodyLength());
        return pcap.pcap_offline_filter(program, header, bytes) != 0;
    }
}
