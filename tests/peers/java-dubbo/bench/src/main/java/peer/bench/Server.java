package peer.bench;

import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.example.bench.Echo;
import peer.proto.bench.DubboEchoTriple;
import peer.proto.bench.Msg;

/**
 * Serves one of the echo services with Dubbo's defaults: org.example.bench.Echo over the dubbo
 * protocol, or bench.Echo over Triple. System properties: protocol (dubbo or tri), port.
 */
public class Server {
    public static void main(String[] args) {
        ApplicationConfig application = new ApplicationConfig("java-bench");
        application.setQosEnable(false);
        String name = System.getProperty("protocol", "dubbo");
        ProtocolConfig protocol = new ProtocolConfig(name, Integer.getInteger("port", 20880));
        protocol.setHost("127.0.0.1");

        DubboBootstrap bootstrap = DubboBootstrap.getInstance()
                .application(application)
                .registry(new RegistryConfig("N/A"))
                .protocol(protocol)
                .service(name.equals("tri") ? triple() : dubbo());
        bootstrap.start();
        System.out.println("SERVER READY " + name + "://127.0.0.1:" + protocol.getPort());
        bootstrap.await();
    }

    private static ServiceConfig<Echo> dubbo() {
        ServiceConfig<Echo> service = new ServiceConfig<>();
        service.setInterface(Echo.class);
        service.setRef(data -> data);
        return service;
    }

    private static ServiceConfig<peer.proto.bench.Echo> triple() {
        ServiceConfig<peer.proto.bench.Echo> service = new ServiceConfig<>();
        service.setInterface(peer.proto.bench.Echo.class);
        service.setRef(new Same());
        return service;
    }

    private static class Same extends DubboEchoTriple.EchoImplBase {
        @Override
        public Msg echo(Msg message) {
            return message;
        }
    }
}
