package sample.nulls;

import java.util.List;
import java.util.concurrent.CompletableFuture;

public interface Marked {
    Data data(String a, @Nullable String b, String @Nullable [] c, @Nullable String[] d, int e);

    @Nullable Data none();

    CompletableFuture<@Nullable Data> later();

    @Nullable CompletableFuture<Data> odd();

    class Data {
        String always;
        @Nullable String never;
        List<@Nullable String> items;
        private String byGetter;
        @Nullable public String getByGetter() { return byGetter; }
    }

    @NullUnmarked
    @ParametersAreNonnullByDefault
    interface Unmarked {
        @Nonnull String a(String a, @Nonnull(when = Nonnull.When.MAYBE, groups = String.class, nested = @Deprecated) String b);
        @Nonnull(when = Nonnull.When.UNKNOWN) String b();
        String c();
    }
}
