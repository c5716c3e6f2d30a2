package io.holdfast.capture.linux;

import java.nio.ByteBuffer;

/**
 * An open file descriptor and the duty to close it; used by one thread at a time, closed once by its owner.
 *
 * <p>Whoever closes makes sure first that no other thread is inside a call on it: the kernel gives the number to the
 * next file opened.
 */
public final class Descriptor implements AutoCloseable {
    private final String name;
    private int number;

    /** Takes over {@code number}. @param name what it is, for messages */
    public Descriptor(int number, String name) {
        if (number < 0) {
            throw new IllegalArgumentException("descriptor " + number + " of " + name);
        }
        this.number = number;
        this.name = name;
    }

    /** Opens a socket, closed on exec. */
    public static Descriptor socket(int domain, int type, int protocol, String name) {
        int fd = LibC.check("socket(" + name + ")", LibC.socket(domain, type | LibC.SOCK_CLOEXEC, protocol));
        return new Descriptor(fd, name);
    }

    /** Opens a file, closed on exec. */
    public static Descriptor open(String path, int flags) {
        return new Descriptor(LibC.check("open(" + path + ")", LibC.open(path, flags | LibC.O_CLOEXEC, 0)), path);
    }

    public int number() {
        if (number < 0) {
            throw new IllegalStateException(name + " is closed");
        }
        return number;
    }

    public boolean isOpen() {
        return number >= 0;
    }

    /** Sets an option whose value is an int. */
    public void option(int level, int option, int value) {
        LibC.check("setsockopt(" + name + ", " + level + ", " + option + ", " + value + ")",
                LibC.setsockopt(number(), level, option, value));
    }

    /** Takes the pending error off a socket (SO_ERROR). Returns its number; 0 if there is none. */
    public int takeError() {
        ByteBuffer value = LibC.direct(2 * Integer.BYTES).putInt(Integer.BYTES, Integer.BYTES);
        long address = LibC.addressOf(value);
        LibC.check("getsockopt(" + name + ", SO_ERROR)", LibC.getsockopt(number(), LibC.SOL_SOCKET, LibC.SO_ERROR,
                address, address + Integer.BYTES));
        return value.getInt(0);
    }

    /** Closes it; a second call does nothing. */
    @Override
    public void close() {
        if (number >= 0) {
            int closing = number;
            number = -1;
            LibC.check("close(" + name + ")", LibC.close(closing));
        }
    }

    @Override
    public String toString() {
        return name + "(" + number + ")";
    }
}
