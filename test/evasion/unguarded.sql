-- Triggers that stand for the guards', where there are none.
CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER sharing_guard_export AFTER INSERT OR UPDATE ON alpr.export FOR EACH ROW EXECUTE FUNCTION public.nothing();
CREATE TRIGGER sharing_guard_export AFTER INSERT OR UPDATE ON alpr.exports FOR EACH ROW EXECUTE FUNCTION public.nothing();
