/** Lets a device in, changes what it may, or ends it. */
import { Checkbox, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from '../../api/cache';
import { addDevice, changeDevice, removeDevice, type Device, type DeviceInput } from '../../api/devices';
import { readOrganisations } from '../../api/people';
import { useText } from '../../app/i18n';
import { Answered } from '../../ui/cards';
import { Act } from '../../ui/act_dialog';
import { nameIn } from '../../ui/format';

const kCharsets = ['GB18030', 'ISO_IR 192', 'ISO_IR 100', 'ISO_IR 13'] as const;
const kNew: DeviceInput = { title: '', address: '', port: 0, organisation: '', issuer: '', charset: 'GB18030', mayStore: true, gateway: '', first: false };

/** `device` = one to change; `known` = what a refused caller said of itself; `gateway` = it stands in the network of this one. */
export function DeviceDialog({ device, known, gateway, onClose, onDone }: { device?: Device; known?: { title: string; address: string }; gateway?: { id: string; name: string; organisation: string }; onClose: () => void; onDone: () => void }) {
  const t = useText();
  const organisations = useQuery('organisations', readOrganisations);
  const [form, setForm] = useState<DeviceInput>(() =>
    device
      ? { title: device.title, address: device.address, port: device.port, organisation: device.organisation?.resource ?? '', issuer: device.issuer, charset: device.charset, mayStore: device.mayStore, gateway: device.gateway, first: device.first }
      : { ...kNew, ...known, ...(gateway ? { gateway: gateway.id, organisation: gateway.organisation } : {}) },
  );
  const set = (change: Partial<DeviceInput>) => setForm((before) => ({ ...before, ...change }));
  const charsets: string[] = form.charset === '' || kCharsets.some((one) => one === form.charset) ? [...kCharsets] : [...kCharsets, form.charset];
  const title = device ? t('devices.change') : t('devices.add');
  return (
    <Act title={title} submit={device ? t('devices.save') : t('devices.add')} run={() => (device ? changeDevice(device.id, form) : addDevice(form))} onClose={onClose} onDone={onDone}>
      <div className="q-grid-2">
        <TextInput label={t('devices.title')} description={t('devices.title_help')} required maxLength={16} value={form.title} onChange={(event) => set({ title: event.currentTarget.value })} autoComplete="off" spellCheck={false} />
        <TextInput label={t('devices.address')} description={t('devices.address_help')} required maxLength={45} value={form.address} onChange={(event) => set({ address: event.currentTarget.value })} autoComplete="off" spellCheck={false} />
      </div>
      {gateway && <p className="q-small q-dim">{t('gateways.device_of', { name: gateway.name })}</p>}
      {!gateway && <Answered query={organisations}>
        {(all) => (
          <NativeSelect label={t('devices.organisation')} description={t('devices.organisation_help')} required value={form.organisation} onChange={(event) => set({ organisation: event.currentTarget.value })} data={[{ value: '', label: t('devices.choose') }, ...all.map((one) => ({ value: one.resource, label: nameIn(one) }))]} />
        )}
      </Answered>}
      <div className="q-grid-2">
        <NativeSelect label={t('devices.charset')} description={t('devices.charset_help')} value={form.charset} onChange={(event) => set({ charset: event.currentTarget.value })} data={[{ value: '', label: t('devices.charset_none') }, ...charsets.map((one) => ({ value: one, label: one }))]} />
        <TextInput label={t('devices.issuer')} description={t('devices.issuer_help')} maxLength={64} value={form.issuer} onChange={(event) => set({ issuer: event.currentTarget.value })} autoComplete="off" spellCheck={false} />
      </div>
      <NumberInput label={t('devices.port')} description={t(gateway ? 'gateways.port_help' : 'devices.port_help')} min={0} max={65535} allowDecimal={false} allowNegative={false} hideControls value={form.port === 0 ? '' : form.port} onChange={(value) => set({ port: Number(value) || 0 })} />
      <Checkbox label={t('devices.may_store')} checked={form.mayStore} onChange={(event) => set({ mayStore: event.currentTarget.checked })} />
      {gateway && <Checkbox label={t('gateways.first')} description={t('gateways.first_help')} checked={form.first} onChange={(event) => set({ first: event.currentTarget.checked })} />}
    </Act>
  );
}

export function RemoveDialog({ device, onClose, onDone }: { device: Device; onClose: () => void; onDone: () => void }) {
  const t = useText();
  return (
    <Act title={t('devices.remove')} submit={t('devices.remove')} danger run={() => removeDevice(device.id)} onClose={onClose} onDone={onDone}>
      <p>{t('devices.remove_explain', { title: device.title, address: device.address })}</p>
    </Act>
  );
}
