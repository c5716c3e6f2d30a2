package io.holdfast.restore.connection;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** Which process has which socket, read from /proc/PID/fd (proc(5)) at one moment; immutable. */
public final class SocketOwners {
    private static final String PREFIX = "socket:[";

    private final Map<Long, Owner> byInode;

    /** A process and its number for the socket. */
    public record Owner(int pid, int fd) {
    }

    private SocketOwners(Map<Long, Owner> byInode) {
        this.byInode = byInode;
    }

    /** Looks at the descriptors of the given processes; one that ended meanwhile has none. */
    public static SocketOwners of(Collection<Integer> pids) {
        Map<Long, Owner> owners = new HashMap<>();
        for (int pid : pids) {
            addDescriptors(pid, owners);
        }
        return new SocketOwners(owners);
    }

    /** The owner of a socket, or null. A socket that several processes share has the first of them. */
    public Owner owner(long inode) {
        return byInode.get(inode);
    }

    private static void addDescriptors(int pid, Map<Long, Owner> owners) {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc", Integer.toString(pid), "fd"))) {
            for (Path descriptor : descriptors) {
                long inode = inodeOf(descriptor);
                if (inode != 0) {
                    owners.putIfAbsent(inode, new Owner(pid, Integer.parseInt(descriptor.getFileName().toString())));
                }
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            return; // the process has ended
        } catch (IOException e) {
            throw new IllegalStateException("cannot read the descriptors of process " + pid, e);
        }
    }

    /** 0 when the descriptor is no socket, or closed by now. */
    private static long inodeOf(Path descriptor) throws IOException {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.startsWith(PREFIX) ? Long.parseLong(target.substring(PREFIX.length(), target.length() - 1)) : 0;
        } catch (NoSuchFileException e) {
            return 0;
        }
    }
}
