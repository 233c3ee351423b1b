package peer.consumer;

import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.apache.dubbo.rpc.service.GenericService;

/**
 * Calls one method by its name and prints what it returns:
 * {@code Invoke URL INTERFACE METHOD [TYPE VALUE]...}. Values go out as text.
 */
public final class Invoke {
    public static void main(String[] args) {
        ApplicationConfig application = new ApplicationConfig("java-invoke");
        application.setQosEnable(false);
        DubboBootstrap.getInstance().application(application).registry(new RegistryConfig("N/A")).start();

        ReferenceConfig<GenericService> reference = new ReferenceConfig<>();
        reference.setUrl(args[0]);
        reference.setProtocol(args[0].replaceAll(":.*", ""));
        reference.setInterface(args[1]);
        reference.setGeneric("true");
        reference.setTimeout(10_000);
        reference.setRetries(0);
        String[] types = new String[(args.length - 3) / 2];
        Object[] values = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = args[3 + 2 * i];
            values[i] = args[4 + 2 * i];
        }
        int code = 0;
        try {
            System.out.println(reference.get().$invoke(args[2], types, values));
        } catch (RuntimeException e) {
            System.err.println(e);
            code = 1;
        }
        System.out.flush();
        // Leave without waiting for the framework's threads.
        Runtime.getRuntime().halt(code);
    }
}
